// expect: none
// A ring of counted nodes, held by a plain pointer that takes no reference: whoever keeps it alive, it is in use.
#include <memory>

struct Entry {
  virtual ~Entry() = default;
  int ref_count = 1;
  Entry* next = nullptr;
};
struct Cache {
  Entry* first = nullptr;
};

std::unique_ptr<Cache> g_cache;

int main() {
  g_cache = std::make_unique<Cache>();
  Entry* last = nullptr;
  for (int i = 0; i < 5; ++i) {
    auto* entry = new Entry;
    entry->next = g_cache->first;
    g_cache->first = entry;
    if (!last) last = entry;
  }
  last->next = g_cache->first;
}
