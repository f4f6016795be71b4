// A shared_ptr made of a unique_ptr: _Sp_counted_deleter with std::default_delete.
// expect: unreachable-cycle type=Node edge=Node::next_
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};

int main() {
  std::shared_ptr<Node> first = std::make_unique<Node>(), second = std::make_unique<Node>();
  first->next_ = second;
  second->next_ = first;
}
