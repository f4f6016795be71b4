// A cycle held by the main thread's thread_local.
// expect: none
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};
thread_local std::shared_ptr<Node> t_cycle;

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() { t_cycle = make_cycle(); }
