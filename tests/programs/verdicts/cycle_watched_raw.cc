// A registry of raw pointers sees the cycle and does not own it.
// expect: unowned-cycle type=Node edge=Node::next_
#include <memory>
#include <vector>

struct Node {
  std::shared_ptr<Node> next_;
};
std::vector<Node*> g_registry;

int main() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  g_registry.push_back(first.get());
}
