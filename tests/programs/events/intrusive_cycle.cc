// boost::intrusive_ptr: the edges of a cycle say who took them, through a base class and a cast.
// expect: unreachable-cycle type=Window type=Button
// closed: Button::attach intrusive_cycle.cc:33
// edge: Window::children_ Window::add intrusive_cycle.cc:27
// edge: parent_ Button::attach intrusive_cycle.cc:33
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <set>
#include <vector>

struct Widget : boost::intrusive_ref_counter<Widget> {
  virtual ~Widget() = default;
};
struct Button;
struct Window : Widget {
  std::vector<boost::intrusive_ptr<Widget>> children_;
  void add(const boost::intrusive_ptr<Button>& button);
};
struct Button : Widget {
  boost::intrusive_ptr<Window> parent_;
  void attach(Window* window);
};

__attribute__((noinline)) void Window::add(const boost::intrusive_ptr<Button>& button) {
  children_.reserve(16);
  // clang-format off
  children_.push_back(button);
  // clang-format on
}

__attribute__((noinline)) void Button::attach(Window* window) {
  // clang-format off
  parent_ = window;
  // clang-format on
}

int main() {
  boost::intrusive_ptr<Window> window(new Window);
  std::set<boost::intrusive_ptr<Widget>> known;
  for (int i = 0; i < 3; i++) {
    boost::intrusive_ptr<Button> button(new Button);
    known.insert(button);
    button->attach(window.get());
    window->add(boost::static_pointer_cast<Button>(boost::intrusive_ptr<Widget>(button)));
  }
}
