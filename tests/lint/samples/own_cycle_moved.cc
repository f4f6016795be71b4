// Objects that are moved about: what was overwritten owns nothing any more.
#include <memory>

// What a rotation overwrites, and what it finds by the parents it has moved, closes no cycle.
namespace rotated_tree {
struct Node {
  std::shared_ptr<Node> left, right;  // expect-note: deep-destruction
  std::weak_ptr<Node> parent;
  std::shared_ptr<Node> up() { return parent.lock(); }
};
struct Tree {
  std::shared_ptr<Node> root;
  void rotate_left(std::shared_ptr<Node> node) {
    std::shared_ptr<Node> right = node->right;
    node->right = right->left;
    if (right->left) right->left->parent = node;
    right->parent = node->parent;
    if (!node->up())
      root = right;
    else if (node == node->up()->left)
      node->up()->left = right;
    else
      node->up()->right = right;
    right->left = node;
    node->parent = right;
  }
  void rotate_right(std::shared_ptr<Node> node) {
    std::shared_ptr<Node> left = node->left;
    node->left = left->right;
    if (left->right) left->right->parent = node;
    left->parent = node->parent;
    if (!node->up())
      root = left;
    else if (node == node->up()->left)
      node->up()->left = left;
    else
      node->up()->right = left;
    left->right = node;
    node->parent = left;
  }
  void splay(std::shared_ptr<Node> node) {
    while (node->up()) {
      if (node == node->up()->left) {
        rotate_right(node->up()->up());
        rotate_right(node->up());
      } else {
        rotate_right(node->up());
        rotate_left(node->up());
      }
    }
  }
  void find(bool further) {
    std::shared_ptr<Node> node = root;
    if (further) node = node->right;
    splay(node);
  }
};
}  // namespace rotated_tree

// With owning parents it does.
namespace rotated_with_parents {
struct Node {
  std::shared_ptr<Node> right, left;  // expect-note: deep-destruction
  std::shared_ptr<Node> parent;  // expect: own-cycle
};
void rotate(std::shared_ptr<Node> node) {
  std::shared_ptr<Node> right = node->right;
  node->right = right->left;
  if (right->left) right->left->parent = node;
  right->left = node;
  node->parent = right;
}
}  // namespace rotated_with_parents

// Of an argument that is one of two, what is stored is stored in one.
namespace one_of_two {
struct Link {
  std::shared_ptr<Link> next;  // expect: deep-destruction
};
void insert_after(std::shared_ptr<Link> at) {
  auto fresh = std::make_shared<Link>();
  fresh->next = at->next;
  at->next = fresh;
}
void insert_somewhere(std::shared_ptr<Link> first, bool later) {
  auto at = first;
  if (later) at = first->next;
  insert_after(at);
}
}  // namespace one_of_two
