// Linked statically: the storage of the main thread lies in front of the heap, in the same memory of brk(2). The
// registry is the main thread's, what it holds another's; memory that the program takes from brk itself lies between.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

struct Node {
  std::shared_ptr<Node> next;
  char text[100] = {};
};
struct Registry {
  std::vector<std::shared_ptr<Node>> nodes, spare;
};

thread_local std::shared_ptr<Node> t_last;
static std::unique_ptr<Registry> g_registry;
static void* g_own;

int main() {
  g_registry = std::make_unique<Registry>();
  g_own = sbrk(10'000);
  g_registry->nodes.resize(5'000);
  g_registry->spare.resize(2'000);
  std::thread([] {
    for (auto& node : g_registry->nodes) node = std::make_shared<Node>();
    t_last = nullptr;
    for (int i = 0; i < 3; i++) {
      auto lost = std::make_shared<Node>();
      lost->next = std::make_shared<Node>();
      lost->next->next = lost;
    }
  }).join();
  t_last = std::make_shared<Node>();
  std::puts("ready");
  std::fflush(stdout);
  std::getchar();
  std::puts("done");
}
