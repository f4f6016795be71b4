// Usage: cost_heap BLOCKS. A heap of that many make_shared blocks: a tree with links back and across, no leaks.
// "core" as second argument: stops itself when the heap stands, so that a core can be taken.
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

struct Node {
  std::shared_ptr<Node> left_, right_;
  std::weak_ptr<Node> parent_;
};

// Never destroyed: what stands at exit is measured, not how long it takes to tear it down.
std::vector<std::shared_ptr<Node>>& g_nodes = *new std::vector<std::shared_ptr<Node>>;

int main(int count, char** arguments) {
  const size_t blocks = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1000;
  g_nodes.reserve(blocks);
  for (size_t i = 0; i < blocks; ++i) {
    auto node = std::make_shared<Node>();
    if (i > 0) {
      const std::shared_ptr<Node>& parent = g_nodes[(i - 1) / 2];
      (i % 2 ? parent->left_ : parent->right_) = node;
      node->parent_ = parent;
    }
    g_nodes.push_back(std::move(node));
  }
  if (count > 2 && std::strcmp(arguments[2], "core") == 0) raise(SIGSTOP);
}
