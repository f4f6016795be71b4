// A singleton that is never destroyed, on purpose.
// expect: none
#include <memory>
#include <vector>

struct Node {
  std::shared_ptr<Node> next_;
};
struct Registry {
  std::vector<std::shared_ptr<Node>> nodes_;
};
Registry& registry() {
  static Registry* const instance = new Registry;  // leaked so that it outlives every static destructor
  return *instance;
}

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() { registry().nodes_.push_back(make_cycle()); }
