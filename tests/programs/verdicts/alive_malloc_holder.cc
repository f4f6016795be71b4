// A cycle held by a shared_ptr in a malloc'ed struct that C code keeps.
// expect: none
#include <cstdlib>
#include <memory>
#include <new>

struct Node {
  std::shared_ptr<Node> next_;
};
void* g_user_data;

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() {
  g_user_data = std::malloc(sizeof(std::shared_ptr<Node>));
  new (g_user_data) std::shared_ptr<Node>(make_cycle());
}
