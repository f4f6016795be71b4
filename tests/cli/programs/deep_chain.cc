// A list of 30,000 nodes, each of which owns the next:
//   shared   by shared_ptr
//   unique   by unique_ptr
//   loop     by shared_ptr, and a destructor that unlinks it step by step
//   short    by shared_ptr, a thousand nodes
#include <reftally.h>

#include <memory>
#include <string_view>

struct Shared {
  std::shared_ptr<Shared> next;
  int value = 0;
};

struct Unique {
  std::unique_ptr<Unique> next;
  int value = 0;
};

struct Loop {
  ~Loop() {
    while (next && next.use_count() == 1) next = std::move(next->next);
  }
  std::shared_ptr<Loop> next;
};

// Builds it, shows it, and takes it apart without recursion.
template <class Pointer, class Make>
void show(Pointer& head, int nodes, Make make) {
  head = make();
  for (int i = 1; i < nodes; i++) {
    Pointer node = make();
    node->next = std::move(head);
    head = std::move(node);
  }
  reftally_dump();
  while (head) {
    Pointer rest = std::move(head->next);
    head = std::move(rest);
  }
}

std::shared_ptr<Shared> g_shared;
std::unique_ptr<Unique> g_unique;
std::shared_ptr<Loop> g_loop;

int main(int, char** argv) {
  const std::string_view kind = argv[1];
  if (kind == "shared") show(g_shared, 30'000, std::make_shared<Shared>);
  if (kind == "unique") show(g_unique, 30'000, std::make_unique<Unique>);
  if (kind == "loop") show(g_loop, 30'000, std::make_shared<Loop>);
  if (kind == "short") show(g_shared, 1'000, std::make_shared<Shared>);
}
