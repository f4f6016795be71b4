// The two-class cycle: a vector of strong references down, one strong reference up.
// expect: unreachable-cycle type=Parent type=Child edge=Parent::children_ edge=Child::parent_ weaken=Child::parent_
#include <memory>
#include <vector>

struct Parent;
struct Child {
  std::shared_ptr<Parent> parent_;
};
struct Parent {
  std::vector<std::shared_ptr<Child>> children_;
};

int main() {
  auto parent = std::make_shared<Parent>();
  for (int i = 0; i < 3; ++i) {
    auto child = std::make_shared<Child>();
    child->parent_ = parent;
    parent->children_.push_back(child);
  }
}
