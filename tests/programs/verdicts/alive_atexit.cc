// What an exit handler will release is alive until it has run.
// expect: none
#include <cstdlib>
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};
Node* g_node;  // counted by hand: one unit of the cycle is owed here
std::shared_ptr<Node>* g_unit;

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() {
  g_unit = new std::shared_ptr<Node>(make_cycle());
  g_node = g_unit->get();
  std::atexit([] {
    (*g_unit)->next_.reset();
    delete g_unit;
  });
}
