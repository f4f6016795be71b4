// A cache of weak_ptr that nobody sweeps: the objects are destroyed, make_shared's memory stays.
// expect: weak-pinned-storage type=Picture instances=4
#include <map>
#include <memory>

struct Picture {
  char pixels_[4096] = {};
};
std::map<int, std::weak_ptr<Picture>> g_cache;

int main() {
  for (int i = 0; i < 3; ++i) g_cache[i] = std::make_shared<Picture>();
  auto apart = std::shared_ptr<Picture>(new Picture);  // of this one only the counts stay
  g_cache[3] = apart;
}
