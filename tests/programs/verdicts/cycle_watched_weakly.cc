// Nobody owns the cycle, but a global weak_ptr still sees it: unreachable by ownership only.
// expect: unowned-cycle type=Node edge=Node::next_
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};
std::weak_ptr<Node> g_last_seen;

int main() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  g_last_seen = first;
}
