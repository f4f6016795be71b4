#include "analyzer/base/huge_pages.h"

#include <malloc.h>
#include <sys/mman.h>

#include <climits>
#include <cstdint>
#include <new>

namespace reftally {
namespace {

constexpr uintptr_t kPage = 2u << 20;

// Addresses for so many bytes, at a multiple of kPage: only between such can a large page move as one.
void* find_place(size_t bytes) {
  void* found =
      mmap(nullptr, bytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) throw std::bad_alloc();
  char* begin = static_cast<char*>(found);
  const size_t before = (kPage - reinterpret_cast<uintptr_t>(found) % kPage) % kPage;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes, kPage - before);
  return begin + before;
}

}  // namespace

void ask_for_huge_pages(void* data, size_t bytes) {
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + kPage - 1) & ~(kPage - 1);
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + bytes) & ~(kPage - 1);
  if (end > begin + kPage) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

PageMapping grow_mapping(PageMapping old, size_t bytes) {
  bytes = (bytes + kPage - 1) & ~(kPage - 1);
  void* place = find_place(bytes);
  if (old.data == nullptr) {
    madvise(place, bytes, MADV_HUGEPAGE);
  } else if (mremap(old.data, old.bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED) {
    munmap(place, bytes);
    throw std::bad_alloc();
  }
  return {place, bytes};
}

void free_mapping(PageMapping mapping) {
  if (mapping.data != nullptr) munmap(mapping.data, mapping.bytes);
}

void give_back_front(const PageMapping& mapping, size_t bytes) {
  const size_t whole = bytes & ~(kPage - 1);
  if (mapping.data != nullptr && whole > 0) madvise(mapping.data, whole, MADV_DONTNEED);
}

void keep_freed_memory() {
  constexpr int kMostOfHeap = 32 << 20;  // larger blocks are mappings of their own
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_MMAP_THRESHOLD, kMostOfHeap);
}

}  // namespace reftally
