// What hangs below a cycle is held by it, not a finding of its own.
// expect: unreachable-cycle type=Parent type=Child edge=Parent::child_ edge=Child::parent_ weaken=Child::parent_
#include <memory>
#include <string>
#include <vector>

struct Leaf {
  std::string text_ = "a text too long for the short string storage";
};
struct Parent;
struct Child {
  std::shared_ptr<Parent> parent_;
  std::vector<std::shared_ptr<Leaf>> leaves_;
};
struct Parent {
  std::shared_ptr<Child> child_;
  std::unique_ptr<Leaf> own_ = std::make_unique<Leaf>();
};

int main() {
  auto parent = std::make_shared<Parent>();
  parent->child_ = std::make_shared<Child>();
  parent->child_->parent_ = parent;
  for (int i = 0; i < 5; ++i) parent->child_->leaves_.push_back(std::make_shared<Leaf>());
}
