// A cycle, one of whose members has also lost a unit: breaking the cycle would not free it.
// expect: unreachable-cycle|leaked-reference type=Node
#include <memory>
#include <new>

struct Node {
  std::shared_ptr<Node> next_;
};

int main() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  alignas(std::shared_ptr<Node>) std::byte slot[sizeof(std::shared_ptr<Node>)];
  new (slot) std::shared_ptr<Node>(first);
}
