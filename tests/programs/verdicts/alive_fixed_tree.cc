// A whole tree with weak parents, built and dropped, leaves nothing behind.
// expect: none
#include <memory>
#include <vector>

struct TreeNode {
  std::weak_ptr<TreeNode> parent_;
  std::vector<std::shared_ptr<TreeNode>> children_;
};

std::shared_ptr<TreeNode> grow(int depth) {
  auto node = std::make_shared<TreeNode>();
  for (int i = 0; depth > 0 && i < 3; ++i) {
    node->children_.push_back(grow(depth - 1));
    node->children_.back()->parent_ = node;
  }
  return node;
}

int main() { grow(4); }
