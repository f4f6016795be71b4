// expect: unreachable-cycle type=Holder type=Item edge=Holder::items_ edge=Item::holder_ weaken=Item::holder_
#include <memory>
#include <tuple>

struct Holder;
struct Item {
  std::shared_ptr<Holder> holder_;
};
struct Holder {
  std::tuple<int, std::shared_ptr<Item>> items_;
};

int main() {
  auto holder = std::make_shared<Holder>();
  auto item = std::make_shared<Item>();
  item->holder_ = holder;
  std::get<1>(holder->items_) = item;
}
