// atomic<shared_ptr> uses the low bit of the control block pointer as its lock.
// expect: unreachable-cycle type=Node edge=Node::next_
#include <atomic>
#include <memory>

struct Node {
  std::atomic<std::shared_ptr<Node>> next_;
};

int main() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
}
