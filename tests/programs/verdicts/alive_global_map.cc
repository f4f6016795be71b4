// A cycle that a global cache knows by key.
// expect: none
#include <map>
#include <memory>
#include <string>

struct Node {
  std::shared_ptr<Node> next_;
};
std::map<std::string, std::shared_ptr<Node>> g_cache;

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() { g_cache["cycle"] = make_cycle(); }
