// A global opens its cycle in its destructor: alive until then.
// expect: none
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};
struct Owner {
  std::shared_ptr<Node> cycle_;
  ~Owner() { cycle_->next_.reset(); }
};
Owner g_owner;

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() { g_owner.cycle_ = make_cycle(); }
