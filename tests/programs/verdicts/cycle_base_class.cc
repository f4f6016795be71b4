// Held through the base, stored in the base, found in the derived object.
// expect: unreachable-cycle type=Derived edge=Base::next_
#include <memory>

struct Base {
  virtual ~Base() = default;
  std::shared_ptr<Base> next_;
};
struct Derived : Base {
  int value_ = 0;
};

int main() {
  std::shared_ptr<Base> node = std::make_shared<Derived>();
  node->next_ = node;
}
