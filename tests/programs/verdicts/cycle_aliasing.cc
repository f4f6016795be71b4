// Aliasing constructor: the stored pointer is a member, the count is its owner's.
// expect: unreachable-cycle type=House type=Guest edge=House::guest_ edge=Guest::key_
#include <memory>

struct Key {
  int number_ = 7;
};
struct Guest;
struct House {
  Key key_;
  std::shared_ptr<Guest> guest_;
};
struct Guest {
  std::shared_ptr<Key> key_;
};

int main() {
  auto house = std::make_shared<House>();
  house->guest_ = std::make_shared<Guest>();
  house->guest_->key_ = std::shared_ptr<Key>(house, &house->key_);
}
