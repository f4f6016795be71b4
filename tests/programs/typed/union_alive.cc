// expect: none
// What a union held before is no reference: objects that such words lead to are held by others, and balance.
#include <memory>
#include <vector>

struct Item {
  bool is_shared = false;
  union {
    std::shared_ptr<Item> other;
    long number;
  };
  Item() : number(0) {}
  ~Item() {
    if (is_shared) other.~shared_ptr();
  }
  void share(std::shared_ptr<Item> item) {
    new (&other) std::shared_ptr<Item>(std::move(item));
    is_shared = true;
  }
  void forget() {
    other.~shared_ptr();  // its words stay as they are
    is_shared = false;
  }
};

static std::vector<std::shared_ptr<Item>> g_items;

int main() {
  for (int i = 0; i < 8; ++i) g_items.push_back(std::make_shared<Item>());
  for (const auto& item : g_items) item->share(item);             // itself,
  for (const auto& item : g_items) item->forget();                // no more
  for (int i = 0; i < 4; ++i) g_items[i]->share(g_items[i + 4]);  // one way
  const std::shared_ptr<Item> last = g_items[7];
  g_items.erase(g_items.begin() + 4, g_items.end());
  return last.use_count() == 2 ? 0 : 1;
}
