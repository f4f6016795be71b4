// A cycle held by a pointer that carries two flag bits.
// expect: none
#include <cstdint>
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};
uintptr_t g_tagged;  // a Holder*, flags in the low bits
struct Holder {
  std::shared_ptr<Node> node_;
};

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() { g_tagged = reinterpret_cast<uintptr_t>(new Holder{make_cycle()}) | 3; }
