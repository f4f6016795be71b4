// A local page over the whole heap: the report, and every object to walk to.
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "analyzer/base/error.h"
#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "reports/heap_walk.h"
#include "reports/http_server.h"

namespace reftally {
namespace {

// Readable when the user has had enough. Blocked signals are inherited by the server's threads.
int stop_signal() {
  sigset_t stops;
  sigemptyset(&stops);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&stops, signal);
  sigprocmask(SIG_BLOCK, &stops, nullptr);
  return signalfd(-1, &stops, SFD_CLOEXEC);
}

HttpAnswer answer(const HttpRequest& request, const HeapWalk& walk, const std::string& page) {
  const auto argument = [&](const char* name) {
    const auto found = request.arguments.find(name);
    return found == request.arguments.end() ? std::string() : found->second;
  };
  if (request.page.empty()) return {200, "text/html", page};
  if (request.page == "search") return {200, "application/json", walk.search(argument("q"))};
  if (request.page == "object") return {200, "application/json", walk.object(argument("id"))};
  if (request.page == "graph") return {200, "application/json", walk.graph(argument("ids"))};
  return {404, "", ""};
}

}  // namespace

RunCommand prepare_view(CLI::App& parser) {
  struct Options {
    std::string dump;
    uint16_t port = 0;
    AnalysisCommandOptions analysis;
  };
  auto options = std::make_shared<Options>();
  parser.add_option("DUMP", options->dump, kDumpHelp)->required();
  parser.add_option("--port", options->port, "port on this machine (default: any that is free)");
  add_analysis_options(parser, options->analysis);
  return [options] {
    const AnalyzedDump dump = analyze_dump(options->dump, options->analysis);
    OutputOptions output;
    output.format = "html";
    const Report report = report_of(dump, output);
    const HeapWalk walk(dump.analysis, frames_of(dump));
    const std::string page = render_page_to_walk(report);
    const int stop = stop_signal();
    HttpServer server(options->port, [&](const HttpRequest& request) { return answer(request, walk, page); });
    fmt::print("{}\n", server.url());
    fflush(stdout);
    fmt::print(stderr, "reftally: open the address above in a browser of this machine; Ctrl-C ends\n");
    server.serve(stop);
    close(stop);
    return kExitClean;
  };
}

}  // namespace reftally
