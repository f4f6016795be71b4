// Rows of a table sorted by address, by the 4 KiB page they lie in: a lookup touches memory that the neighbours'
// lookups have touched, where a hash of whole addresses misses the cache and the TLB each time (a third of the lift
// once).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace reftally {

class PageTable {
 public:
  struct Rows {
    uint64_t page = kNoPage;
    uint32_t first = 0, count = 0;
  };

  PageTable() = default;
  explicit PageTable(size_t pages) : rows_(std::bit_ceil(2 * pages + 1)) {}

  static uint64_t page_of(uint64_t address) { return address >> kPageBits; }

  // Rows of a page must be added one after another, in order.
  void add(uint64_t page, uint32_t row) {
    size_t i = slot_of(page);
    while (rows_[i].page != page && rows_[i].page != kNoPage) i = (i + 1) & (rows_.size() - 1);
    if (rows_[i].count == 0) rows_[i] = {page, row, 0};
    ++rows_[i].count;
  }

  // No rows when nothing is known to lie there.
  Rows find(uint64_t page) const {
    if (rows_.empty()) return {};
    for (size_t i = slot_of(page); rows_[i].page != kNoPage; i = (i + 1) & (rows_.size() - 1))
      if (rows_[i].page == page) return rows_[i];
    return {};
  }

 private:
  static constexpr uint64_t kNoPage = ~uint64_t{0};
  static constexpr int kPageBits = 12;

  // Fibonacci hashing, Knuth 6.4
  size_t slot_of(uint64_t page) const {
    return static_cast<size_t>((page * 0x9e3779b97f4a7c15u) >> 20) & (rows_.size() - 1);
  }

  std::vector<Rows> rows_;  // open addressing, size a power of two
};

}  // namespace reftally
