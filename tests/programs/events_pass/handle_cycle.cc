// A window and its buttons hold each other: the reference to be made weak knows who took it.
// expect: unreachable-cycle type=Window type=Button
// closed: Button::attach handle_cycle.cc:25
// edge: children_ Window::add handle_cycle.cc:21
#include <vector>

#include "handle.h"

struct Button;
struct Window : Counted<Window> {
  std::vector<Handle<Button>> children_;
  void add(const Handle<Button>& button);
};
struct Button : Counted<Button> {
  Handle<Window> parent_;
  void attach(const Handle<Window>& window);
};

// clang-format off
__attribute__((noinline)) void Window::add(const Handle<Button>& button) { children_.reserve(16);
  children_.push_back(button);
}

__attribute__((noinline)) void Button::attach(const Handle<Window>& window) {
  parent_ = window;
}
// clang-format on

int main() {
  Handle<Window> window(new Window);
  for (int i = 0; i < 3; i++) {
    Handle<Button> button(new Button);
    button->attach(window);
    window->add(button);
  }
}
