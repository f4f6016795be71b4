// A session registers a callback that holds it and is never taken off.
// expect: unreachable-cycle type=Session
// closed: Session::open handle_callback.cc:15
#include <functional>

#include "handle.h"

struct Session : Counted<Session> {
  std::function<void()> on_close_;
  int number = 0;
  __attribute__((noinline)) void open() {
    // clang-format off
    Handle<Session> self(this);
    // clang-format on
    on_close_ = [self] { self->number = 0; };
  }
};

int main() {
  Handle<Session> session(new Session);
  session->open();
}
