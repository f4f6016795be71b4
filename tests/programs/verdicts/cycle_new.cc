// Control block and object in two blocks: shared_ptr(new T).
// expect: unreachable-cycle type=Left type=Right edge=Left::right_ edge=Right::left_
#include <memory>

struct Right;
struct Left {
  std::shared_ptr<Right> right_;
};
struct Right {
  std::shared_ptr<Left> left_;
};

int main() {
  std::shared_ptr<Left> left(new Left);
  left->right_.reset(new Right);
  left->right_->left_ = left;
}
