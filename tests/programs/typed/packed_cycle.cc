// expect: unreachable-cycle type=Left type=Right edge=Left::right_ edge=Right::left_
// Packed: no member stands at a multiple of 8.
#include <memory>

struct Right;
#pragma pack(push, 1)
struct Left {
  char kind_ = 'l';
  std::shared_ptr<Right> right_;
};
struct Right {
  char kind_ = 'r';
  Right* itself_ = this;
  std::shared_ptr<Left> left_;
};
#pragma pack(pop)

int main() {
  auto left = std::make_shared<Left>();
  auto right = std::make_shared<Right>();
  right->left_ = left;
  left->right_ = right;
}
