// A closure in a class that a template made for it, as promises and tasks keep theirs; of a generic lambda g++ tells no
// operator().
// expect: unreachable-cycle type=Task edge=Task::next_ weaken=[lambda].self
#include <memory>
#include <utility>

struct Callable {
  virtual ~Callable() = default;
  virtual void call() = 0;
};

template <typename F>
struct Held final : Callable {
  explicit Held(F f) : call_(std::move(f)) {}
  void call() override { call_(1); }
  F call_;
};

struct Task {
  template <typename F>
  void then(F f) {
    next_ = std::make_unique<Held<F>>(std::move(f));
  }
  std::unique_ptr<Callable> next_;
};

int main() {
  auto task = std::make_shared<Task>();
  task->then([self = task](auto) {});
}
