// The reference points to a second base, in the middle of the object.
// expect: unreachable-cycle type=Widget type=Canvas edge=Widget::canvas_ edge=Canvas::drawable_
#include <memory>

struct Named {
  virtual ~Named() = default;
  int name_ = 1;
};
struct Drawable {
  virtual ~Drawable() = default;
  virtual void draw() {}
};
struct Canvas {
  std::shared_ptr<Drawable> drawable_;
};
struct Widget : Named, Drawable {
  std::shared_ptr<Canvas> canvas_;
};

int main() {
  auto widget = std::make_shared<Widget>();
  widget->canvas_ = std::make_shared<Canvas>();
  widget->canvas_->drawable_ = widget;
}
