// Cycles with members, a closure and a birth place to name, in every format debug information comes in. The call to
// make() is inlined from a line above 127: g++ writes such a line as one byte, which must not be read as a negative
// number.
#include <functional>
#include <memory>
#include <vector>

#include "handler.h"

struct Server {
  std::vector<Handler> handlers_;
  int port_ = 0;
  std::function<void()> closed_;
};

#line 200
[[gnu::always_inline]] static inline std::shared_ptr<Server> make(int port) {
  auto server = std::make_shared<Server>();
  server->port_ = port;
  return server;
}

#line 231
[[gnu::noinline]] static void leak(int port) {
  auto server = make(port);
  server->handlers_.push_back(Handler{7, server});
}

#line 241
[[gnu::noinline]] static void leak_closure(int port) {
  auto server = make(port);
  server->closed_ = [self = server] { use(self->handlers_[0]); };
}

Handler g_spare;
thread_local Handler t_spare;

int main(int argc, char**) {
  leak(argc);
  leak_closure(argc);
  g_spare.target_ = std::make_shared<int>(3);
  t_spare.target_ = g_spare.target_;
  use(g_spare);
}
