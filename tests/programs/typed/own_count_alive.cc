// expect: none
// A raw ref() beside the smart pointers: an unknown holder, which may be alive.
#include <map>
#include <memory>
#include <string>
#include <utility>

struct Node {
  int references = 0;
  int value = 0;
};
struct Ref {
  Node* node = nullptr;
  Ref() = default;
  explicit Ref(Node* n) : node(n) { ++n->references; }
  Ref(const Ref& other) : node(other.node) {
    if (node) ++node->references;
  }
  Ref& operator=(Ref other) {
    std::swap(node, other.node);
    return *this;
  }
  ~Ref() {
    if (node && --node->references == 0) delete node;
  }
};

std::map<int, Ref> g_nodes;
Node* g_raw;

int main() {
  for (int i = 0; i < 5; ++i) g_nodes[i] = Ref(new Node);
  g_nodes[5] = g_nodes[4];
  g_raw = g_nodes[0].node;
  ++g_raw->references;
  g_nodes.erase(0);
}
