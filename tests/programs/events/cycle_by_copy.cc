// A cycle: each edge knows the line that took its reference, or the object's birth.
// expect: unreachable-cycle type=Parent type=Child
// closed: attach cycle_by_copy.cc:18
// edge: Child::parent_ attach cycle_by_copy.cc:18
// edge: Parent::child_ attach cycle_by_copy.cc:19
#include <memory>

struct Child;
struct Parent {
  std::shared_ptr<Child> child_;
};
struct Child {
  std::shared_ptr<Parent> parent_;
};

__attribute__((noinline)) static void attach(const std::shared_ptr<Parent>& parent,
                                             const std::shared_ptr<Child>& child) {
  child->parent_ = parent;
  parent->child_ = child;
}

int main() {
  auto parent = std::make_shared<Parent>();
  auto child = std::make_shared<Child>();
  attach(parent, child);
}
