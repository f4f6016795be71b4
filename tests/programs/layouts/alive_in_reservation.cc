// The only owners stand in pages far apart of a reservation of 64 GB, most of which nobody has touched.
// expect: none
#include <sys/mman.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>

struct Session {
  std::shared_ptr<Session> self;
};

static char* g_reservation;

static void keep(std::size_t offset) {
  auto session = std::make_shared<Session>();
  session->self = session;
  new (g_reservation + offset) std::shared_ptr<Session>(session);
}

int main() {
  constexpr std::size_t kSize = std::size_t{64} << 30, kPage = 4096, kBlock = 512 * kPage;
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return 1;
  g_reservation = static_cast<char*>(memory);
  for (std::size_t offset : {std::size_t{0}, kBlock - kPage, 3 * kBlock, 5 * kBlock - 16, kSize / 2, kSize - kPage})
    keep(offset);
}
