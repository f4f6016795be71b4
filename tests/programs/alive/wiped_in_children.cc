// expect: none
// Memory that the program has wiped in its children, as of keys: the one that writes the dump must not miss it.
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>

struct Tag {
  int length = 0;
};
struct Chunk {
  Tag* tag;
  char data[4000];
};

constexpr size_t kChunks = 64, kSize = kChunks * sizeof(Chunk);
Chunk* g_mapped;
Chunk* g_allocated;  // such memory may be a block as well
Chunk* g_middle;     // or a part of a mapping

int main() {
  g_mapped = static_cast<Chunk*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  g_allocated = static_cast<Chunk*>(aligned_alloc(4096, kSize));
  g_middle = static_cast<Chunk*>(mmap(nullptr, 3 * kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) +
             kChunks;
  for (size_t i = 0; i < kChunks; i += 3) g_mapped[i].tag = g_allocated[i].tag = nullptr;
  for (size_t i = 0; i < kChunks; i += 4) {
    g_mapped[i].tag = new Tag;
    g_allocated[i].tag = new Tag;
    g_middle[i].tag = new Tag;
  }
  madvise(g_mapped, kSize, MADV_WIPEONFORK);
  madvise(g_allocated, kSize, MADV_WIPEONFORK);
  madvise(g_middle, kSize, MADV_WIPEONFORK);
}
