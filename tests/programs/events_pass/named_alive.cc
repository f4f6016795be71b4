// Functions named in a file (functions.txt). All is given back but what the registry holds.
// expect: none
#include <map>

namespace scene {

class Node {
 public:
  Node* ref() {
    references_++;
    return this;
  }
  void unref() {
    if (--references_ == 0) delete this;
  }

 private:
  int references_ = 1;
};

class NodeRef {
 public:
  explicit NodeRef(Node* node) : node_(node->ref()) {}
  NodeRef(const NodeRef& other) : node_(other.node_->ref()) {}
  NodeRef& operator=(const NodeRef&) = delete;
  ~NodeRef() { node_->unref(); }

 private:
  Node* node_;
};

}  // namespace scene

static std::map<int, scene::NodeRef> registry;

int main() {
  for (int i = 0; i < 8; i++) {
    auto* node = new scene::Node;
    if (i % 2 == 0) registry.emplace(i, scene::NodeRef(node));
    node->unref();
  }
}
