// A cycle held by a global is alive.
// expect: none
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};
std::shared_ptr<Node> g_cycle;

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() { g_cycle = make_cycle(); }
