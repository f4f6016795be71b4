// Every form that takes an alignment, in C and in C++.
#include <malloc.h>
#include <stdlib.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <new>

static void show(const char* what, void* block, size_t alignment) {
  std::printf("%s %d\n", what, block != nullptr && reinterpret_cast<uintptr_t>(block) % alignment == 0);
}

struct alignas(128) Wide {
  char bytes[300];
};

int main() {
  for (size_t alignment = 16; alignment <= 4096; alignment *= 4) {
    void *first = aligned_alloc(alignment, alignment * 3), *second = memalign(alignment, 100), *third = nullptr;
    show("aligned_alloc", first, alignment);
    show("memalign", second, alignment);
    std::printf("%d\n", posix_memalign(&third, alignment, 77));
    show("posix_memalign", third, alignment);
    free(first);
    free(second);
    free(third);
  }
  void* untouched = &untouched;
  std::printf("%d %d\n", posix_memalign(&untouched, 3, 10) == EINVAL, untouched == &untouched);
  show("valloc", valloc(10), 4096);
  show("pvalloc", pvalloc(10), 4096);
  auto* wide = new Wide;
  auto* several = new Wide[3];
  auto* plain = new (std::align_val_t{256}, std::nothrow) char[5];
  show("new", wide, 128);
  show("new[]", several, 128);
  show("nothrow new[]", plain, 256);
  delete wide;
  delete[] several;
  ::operator delete[](plain, std::align_val_t{256});
}
