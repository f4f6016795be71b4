// Takes snapshots while destructors run: what they have released already still has its pointers in memory.
#include <reftally.h>

#include <map>
#include <memory>
#include <vector>

struct Leaf {
  int number = 0;
};
struct Snapshot {
  bool wanted = false;
  ~Snapshot() {
    if (wanted) reftally_dump();
  }
};
struct Holder {
  Snapshot after_release;  // members are destroyed last to first
  std::shared_ptr<Leaf> leaf;
};

static std::shared_ptr<Leaf> g_leaf = std::make_shared<Leaf>();
static Snapshot g_between;  // between the destructors of the two below and g_leaf's
static std::shared_ptr<Leaf> g_second = g_leaf, g_third = g_leaf;
static std::map<int, Holder> g_holders;

[[gnu::noinline]] static void fill_and_drop() {
  std::vector<Holder> holders(8, Holder{{}, g_leaf});
  holders[5].after_release.wanted = true;
}

int main() {
  fill_and_drop();
  for (int i = 0; i < 8; ++i) g_holders[i].leaf = g_leaf;
  g_holders[5].after_release.wanted = true;
  g_holders.clear();
  g_between.wanted = true;
}
