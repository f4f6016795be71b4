// expect: unreachable-cycle type=Body edge=Body::children instances=3
// Handle and body: no vtable says what a lost body is, and one of the ways to it goes through something owned alone.
#include <memory>
#include <utility>
#include <vector>

struct Body;

class Widget {
 public:
  Widget();
  Widget(const Widget& other);
  Widget& operator=(Widget other) {
    std::swap(body_, other.body_);
    return *this;
  }
  ~Widget();
  void add(const Widget& child) const;
  void set_parent(const Widget& parent) const;

 private:
  Body* body_;
};

struct Body {
  int refs = 1;
  std::vector<Widget> children;
  std::unique_ptr<Widget> parent;
};

Widget::Widget() : body_(new Body) {}
Widget::Widget(const Widget& other) : body_(other.body_) { ++body_->refs; }
Widget::~Widget() {
  if (--body_->refs == 0) delete body_;
}
void Widget::add(const Widget& child) const { body_->children.push_back(child); }
void Widget::set_parent(const Widget& parent) const { body_->parent = std::make_unique<Widget>(parent); }

std::vector<Widget> g_windows;

[[gnu::noinline]] static Widget make_window(bool closed) {
  const Widget window, button, label;
  window.add(button);
  window.add(label);
  if (closed) button.set_parent(window), label.set_parent(window);
  return window;
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  for (int i = 0; i < 3; ++i) make_window(true);
  for (int i = 0; i < 4; ++i) g_windows.push_back(make_window(i % 2 == 0));
  clear_stack();
}
