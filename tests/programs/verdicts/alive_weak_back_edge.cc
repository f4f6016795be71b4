// expect: none
#include <memory>
#include <vector>

struct Parent;
struct Child {
  std::weak_ptr<Parent> parent_;
};
struct Parent {
  std::vector<std::shared_ptr<Child>> children_;
};
std::shared_ptr<Parent> g_parent;

int main() {
  g_parent = std::make_shared<Parent>();
  for (int i = 0; i < 3; ++i) {
    g_parent->children_.push_back(std::make_shared<Child>());
    g_parent->children_.back()->parent_ = g_parent;
  }
  auto gone = std::make_shared<Parent>();
  gone->children_.push_back(std::make_shared<Child>());
  gone->children_.back()->parent_ = gone;
}
