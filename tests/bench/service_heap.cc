// A service's heap of about as many objects as asked, for a dump of real size: users with orders and items, each order
// back to its user, and a few users that only their own cycle keeps.
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct User;

struct Item {
  int number = 0;
  std::shared_ptr<std::string> name;
};

struct Order {
  std::vector<std::shared_ptr<Item>> items;
  std::shared_ptr<User> user;
};

struct User {
  std::vector<std::shared_ptr<Order>> orders;
  std::shared_ptr<User> invited_by;
};

std::map<int, std::shared_ptr<User>> g_users;

static std::shared_ptr<User> make_user(const std::vector<std::shared_ptr<std::string>>& names, int number) {
  auto user = std::make_shared<User>();
  for (int i = 0; i < 3; i++) {
    auto order = std::make_shared<Order>();
    order->user = user;
    for (int j = 0; j < 4; j++)
      order->items.push_back(
          std::make_shared<Item>(Item{j, names[static_cast<size_t>(number * 7 + i + j) % names.size()]}));
    user->orders.push_back(order);
  }
  return user;
}

int main(int, char** argv) {
  constexpr long kObjectsOfUser = 16;
  const long users = std::atol(argv[1]) / kObjectsOfUser;
  std::vector<std::shared_ptr<std::string>> names;
  for (int i = 0; i < 1000; i++) names.push_back(std::make_shared<std::string>("item"));
  for (int number = 0; number < users; number++) {
    auto user = make_user(names, number);
    if (number > 0) user->invited_by = g_users.begin()->second;
    if (number % 1000 != 999) g_users[number] = user;
  }
}
