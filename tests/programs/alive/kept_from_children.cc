// expect: none
// Memory that the program keeps from its children, as MPD its buffer: the one that writes the dump must not miss it.
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

int main() {
  g_mapped = static_cast<Chunk*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  g_allocated = static_cast<Chunk*>(aligned_alloc(4096, kSize));
  for (size_t i = 0; i < kChunks; i += 3) g_mapped[i].tag = g_allocated[i].tag = nullptr;
  for (size_t i = 0; i < kChunks; i += 4) {
    g_mapped[i].tag = new Tag;
    g_allocated[i].tag = new Tag;
  }
  madvise(g_mapped, kSize, MADV_DONTFORK);
  madvise(g_allocated, kSize, MADV_DONTFORK);
}
