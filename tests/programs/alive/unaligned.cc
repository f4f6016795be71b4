// expect: none
// Addresses that do not stand at a multiple of 8: in packed rows, in a buffer of bytes, in events to be handed out, in
// a packed static. expect: none
#include <sys/epoll.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

struct Part {
  int number = 0;
  char text[40] = {};
};
struct [[gnu::packed]] Row {
  int key;
  Part* part;
};
struct [[gnu::packed]] Shared {
  short kind;
  char pair[sizeof(std::shared_ptr<Part>)];
};
struct [[gnu::packed]] {
  char kind;
  Part *first, *second;
} g_static;

Row* g_rows;
char* g_bytes;
Shared* g_shared;
std::vector<epoll_event> g_events;

[[gnu::noinline]] void fill() {
  constexpr int kCount = 9;
  g_rows = static_cast<Row*>(malloc(kCount * sizeof(Row)));
  g_bytes = static_cast<char*>(malloc(kCount * 11 + 8));
  g_shared = static_cast<Shared*>(calloc(kCount, sizeof(Shared)));
  for (int i = 0; i < kCount; i++) {
    g_rows[i] = {i, new Part};
    Part* part = new Part;
    memcpy(g_bytes + 3 + 11 * i, &part, sizeof part);
    epoll_event event{};
    event.data.ptr = new Part;
    g_events.push_back(event);
    auto* shared = new (std::nothrow) std::shared_ptr<Part>(std::make_shared<Part>());
    memcpy(g_shared[i].pair, static_cast<void*>(shared), sizeof *shared);
    memset(static_cast<void*>(shared), 0, sizeof *shared);
    delete shared;
  }
  g_static.first = new Part;
  g_static.second = new Part;
}

int main() { fill(); }
