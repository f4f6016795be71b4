// Every node of a tree knows its parent strongly: many cycles, one component.
// expect: unreachable-cycle type=TreeNode edge=TreeNode::children_ edge=TreeNode::parent_ weaken=TreeNode::parent_
#include <memory>
#include <vector>

struct TreeNode {
  std::shared_ptr<TreeNode> parent_;
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

int main() { grow(3); }
