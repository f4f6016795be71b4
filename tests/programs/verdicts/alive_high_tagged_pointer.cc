// A cycle held by a pointer that carries a tag in its top 16 bits.
// expect: none
#include <cstdint>
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};
uintptr_t g_tagged;
struct Holder {
  std::shared_ptr<Node> node_;
};

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() { g_tagged = reinterpret_cast<uintptr_t>(new Holder{make_cycle()}) | uintptr_t{0xabcd} << 48; }
