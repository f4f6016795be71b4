// The strong reference is a member of a virtual base.
// expect: unreachable-cycle type=Diamond
#include <memory>

struct Base {
  virtual ~Base() = default;
  std::shared_ptr<Base> peer_;
};
struct Left : virtual Base {};
struct Right : virtual Base {};
struct Diamond : Left, Right {};

int main() {
  auto first = std::make_shared<Diamond>(), second = std::make_shared<Diamond>();
  first->peer_ = second;
  second->peer_ = first;
}
