// The strong reference hides behind a unique_ptr to an implementation.
// expect: unreachable-cycle type=Window edge=Window::impl_ weaken=Impl::self_
#include <memory>

struct Window {
  struct Impl {
    std::shared_ptr<Window> self_;
  };
  std::unique_ptr<Impl> impl_ = std::make_unique<Impl>();
};

int main() {
  auto window = std::make_shared<Window>();
  window->impl_->self_ = window;
}
