// A session registers a callback that holds itself and is never taken off: the edge says who registered it.
// expect: unreachable-cycle type=Session
// edge: on_close_ Session::open forgotten_callback.cc:11
#include <functional>
#include <memory>

struct Session : std::enable_shared_from_this<Session> {
  std::function<void()> on_close_;
  int number = 0;
  __attribute__((noinline)) void open() {
    on_close_ = [self = shared_from_this()] { self->number = 0; };
  }
};

int main() {
  auto session = std::make_shared<Session>();
  session->open();
}
