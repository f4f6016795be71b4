// A cycle held by a static variable of a function.
// expect: none
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() {
  static const std::shared_ptr<Node> cycle = make_cycle();
  return cycle->next_ ? 0 : 1;
}
