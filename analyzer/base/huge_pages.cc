#include "analyzer/base/huge_pages.h"

#include <sys/mman.h>

#include <cstdint>

namespace reftally {

void ask_for_huge_pages(void* data, size_t bytes) {
  constexpr uintptr_t kPage = 2u << 20;
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + kPage - 1) & ~(kPage - 1);
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + bytes) & ~(kPage - 1);
  if (end > begin + kPage) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace reftally
