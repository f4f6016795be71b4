// A session registers a callback that holds itself and is never taken off: the edge says who registered it.
// expect: unreachable-cycle type=Session
// closed: Session::open forgotten_callback.cc:13
// edge: on_close_ Session::open forgotten_callback.cc:13
#include <functional>
#include <memory>

struct Session : std::enable_shared_from_this<Session> {
  std::function<void()> on_close_;
  int number = 0;
  // One line: g++ gives the call inside the capture the line of the function's end.
  // clang-format off
  __attribute__((noinline)) void open() { on_close_ = [self = shared_from_this()] { self->number = 0; }; }
  // clang-format on
};

int main() {
  auto session = std::make_shared<Session>();
  session->open();
}
