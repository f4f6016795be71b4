// The one file that knows libgvc.
#include "reports/graphviz.h"

#include <fcntl.h>
#include <gvc.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace reftally {
namespace {

constexpr int kWallFactor = 20;  // a loaded machine gives a process a part of its time

struct Request {
  uint32_t dot_size = 0, cpu_ms = 0;
  char format[16] = {};
};

bool send_all(int socket, const void* bytes, size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

// False when the other side is gone, or says nothing for `patience_ms` (-1: waits for ever).
bool receive_all(int socket, void* bytes, size_t size, int patience_ms) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    pollfd waiting{socket, POLLIN, 0};
    const int ready = poll(&waiting, 1, patience_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    const ssize_t got = recv(socket, at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

// Sends its size and the picture before anything is freed: freeing the layout of a dense graph with labels in a
// cluster crashes Graphviz 2.42 (double free in dot_cleanup).
bool answer(int socket, GVC_t* context, const std::string& dot, const char* format) {
  char* rendered = nullptr;
  unsigned int size = 0;
  Agraph_t* graph = agmemread(dot.c_str());
  const bool laid_out = graph != nullptr && gvLayout(context, graph, "dot") == 0;
  if (!laid_out || gvRenderData(context, graph, format, &rendered, &size) != 0) size = 0;
  const uint32_t picture_size = size;
  const bool sent = send_all(socket, &picture_size, sizeof picture_size) && send_all(socket, rendered, size);
  if (rendered != nullptr) gvFreeRenderData(rendered);
  if (laid_out) gvFreeLayout(context, graph);
  if (graph != nullptr) agclose(graph);
  return sent;
}

// The child. SIGPROF, which nobody handles, ends it when a layout takes too long.
[[noreturn]] void serve(int socket) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPROF, SIG_DFL);
  const int null = open("/dev/null", O_RDWR);
  for (int fd : {0, 1, 2}) dup2(null, fd);
  agseterr(AGMAX);
  GVC_t* context = gvContext();
  Request request;
  std::string dot;
  while (receive_all(socket, &request, sizeof request, -1)) {
    dot.resize(request.dot_size);
    if (!receive_all(socket, dot.data(), dot.size(), -1)) break;
    itimerval limit{};
    limit.it_value.tv_sec = request.cpu_ms / 1000;
    limit.it_value.tv_usec = request.cpu_ms % 1000 * 1000;
    setitimer(ITIMER_PROF, &limit, nullptr);
    const bool answered = answer(socket, context, dot, request.format);
    const itimerval none{};
    setitimer(ITIMER_PROF, &none, nullptr);
    if (!answered) break;
  }
  _exit(0);
}

}  // namespace

Graphviz::~Graphviz() { stop(); }

bool Graphviz::start() {
  if (child_ > 0) return true;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  child_ = fork();
  if (child_ == 0) {
    close(ends[0]);
    serve(ends[1]);
  }
  close(ends[1]);
  socket_ = ends[0];
  if (child_ < 0) close(socket_);
  return child_ > 0;
}

void Graphviz::stop() {
  if (child_ <= 0) return;
  close(socket_);
  kill(child_, SIGKILL);
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
  child_ = -1;
}

bool Graphviz::ask(const std::string& dot, const std::string& format, int cpu_ms) {
  Request request;
  request.dot_size = static_cast<uint32_t>(dot.size());
  request.cpu_ms = static_cast<uint32_t>(cpu_ms);
  format.copy(request.format, sizeof request.format - 1);
  return start() && send_all(socket_, &request, sizeof request) && send_all(socket_, dot.data(), dot.size());
}

std::optional<std::string> Graphviz::render(const std::string& dot, const std::string& format, int cpu_ms) {
  const int patience_ms = kWallFactor * cpu_ms;
  const bool was_running = child_ > 0;
  uint32_t size = 0;
  bool ok = ask(dot, format, cpu_ms) && receive_all(socket_, &size, sizeof size, patience_ms);
  if (!ok && was_running) {  // it may have died of the graph before
    stop();
    ok = ask(dot, format, cpu_ms) && receive_all(socket_, &size, sizeof size, patience_ms);
  }
  std::string picture(ok ? size : 0, '\0');
  ok = ok && receive_all(socket_, picture.data(), size, patience_ms);
  if (!ok) stop();
  if (!ok || picture.empty()) return std::nullopt;
  return picture;
}

}  // namespace reftally
