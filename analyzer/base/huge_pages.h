// Columns as long as a heap: memory that is walked at random wants few, large pages.
#pragma once

#include <cstddef>
#include <vector>

namespace reftally {

// Asks the kernel for 2 MiB pages behind memory nobody has touched yet; small pieces and refusals are left as they are.
void ask_for_huge_pages(void* data, size_t bytes);

// Memory of its own on 2 MiB pages, which grows by moving page tables and not pages. Nothing at first: (nullptr, 0).
// Returns how many bytes it has then, at least those asked for; throws std::bad_alloc.
struct PageMapping {
  void* data = nullptr;
  size_t bytes = 0;
};
PageMapping grow_mapping(PageMapping old, size_t bytes);
void free_mapping(PageMapping mapping);
// The kernel may have the whole pages among the first so many bytes: they are not read again.
void give_back_front(const PageMapping& mapping, size_t bytes);

// What the allocator is given back stays with it for the next who asks: the kernel would clear it again (118,000 page
// faults of an analysis of 5 million objects, 43,000 with this).
void keep_freed_memory();

// First touch costs a third of what it costs on 4 KiB pages, a random access about half (research/graph.md, 1).
template <class T>
void reserve_column(std::vector<T>& column, size_t size) {
  column.reserve(size);
  ask_for_huge_pages(column.data(), column.capacity() * sizeof(T));
}

template <class T>
void assign_column(std::vector<T>& column, size_t size, T value) {
  reserve_column(column, size);
  column.assign(size, value);
}

template <class T>
std::vector<T> filled_column(size_t size, T value) {
  std::vector<T> column;
  assign_column(column, size, value);
  return column;
}

}  // namespace reftally
