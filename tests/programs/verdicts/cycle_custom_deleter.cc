// The deleter says nothing about ownership to a reader of memory, but what it holds is still named.
// expect: unreachable-cycle type=Node edge=Node::next_
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};

int main() {
  const auto deleter = [](Node* node) { delete node; };
  std::shared_ptr<Node> first(new Node, deleter), second(new Node, deleter);
  first->next_ = second;
  second->next_ = first;
}
