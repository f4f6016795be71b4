// Layout and drawing by Graphviz, in a process of its own: whatever a graph does to the layout (time, memory, a crash),
// the report goes on without that picture. One process serves all pictures of a report; it is started with the first
// one, because a fork copies the page tables of the analyzed heap.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace reftally {

class Graphviz {
 public:
  Graphviz() = default;
  ~Graphviz();
  Graphviz(const Graphviz&) = delete;
  Graphviz& operator=(const Graphviz&) = delete;

  // `format` as Graphviz names it: "svg", "pdf", "png". Nothing when Graphviz refuses the graph or takes more than
  // `cpu_ms` of processor time.
  std::optional<std::string> render(const std::string& dot, const std::string& format, int cpu_ms = 3000);

 private:
  bool start();
  bool ask(const std::string& dot, const std::string& format, int cpu_ms);
  void stop();

  int socket_ = -1;
  pid_t child_ = -1;
};

}  // namespace reftally
