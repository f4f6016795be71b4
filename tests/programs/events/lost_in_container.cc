// Copies go through a vector that grows, a map, an assignment of containers and a sort; one of them is lost.
// expect: leaked-reference type=Order
// taken: park lost_in_container.cc:21
#include <algorithm>
#include <map>
#include <memory>
#include <new>
#include <vector>

struct Order {
  int number = 0;
};
using Pointer = std::shared_ptr<Order>;

static std::vector<Pointer> all, spare;
static std::map<int, std::vector<Pointer>> by_day;
alignas(Pointer) static unsigned char slot[sizeof(Pointer)];

__attribute__((noinline)) static void park(int day) {
  // clang-format off
  new (slot) Pointer(by_day[day].front());
  // clang-format on
}

int main() {
  for (int i = 0; i < 50; i++) {
    auto order = std::make_shared<Order>(Order{i * 7 % 50});
    all.push_back(order);
    by_day[i % 5].insert(by_day[i % 5].begin(), order);
  }
  std::sort(all.begin(), all.end(), [](const Pointer& a, const Pointer& b) { return a->number < b->number; });
  spare = all;
  std::swap(spare, all);
  park(3);
  const Pointer parked = by_day[3].front();
  std::erase(all, parked);
  std::erase(spare, parked);
  by_day[3].erase(by_day[3].begin());
  for (unsigned char& byte : slot) byte = 0;
}
