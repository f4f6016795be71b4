// Objects born in a lambda and in a class that has no name.
#include <memory>

struct Node {
  std::shared_ptr<Node> next;
};

int main() {
  auto by_lambda = [] {
    auto node = std::make_shared<Node>();
    node->next = node;
  };
  struct {
    void make() {
      auto node = std::make_shared<Node[]>(2);
      node[0].next = node[1].next = {node, &node[0]};
    }
  } by_class;
  by_lambda();
  by_class.make();
}
