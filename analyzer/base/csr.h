// Compressed sparse rows: the items of row r are [offsets[r], offsets[r + 1]) of parallel columns.
// Rows are 32-bit, offsets 64-bit: a heap may have more references than objects fit in 32 bits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace reftally {

struct CsrOffsets {
  std::vector<uint64_t> offsets{0};  // rows() + 1 entries, non-decreasing

  uint32_t rows() const { return static_cast<uint32_t>(offsets.size() - 1); }
  uint64_t size() const { return offsets.back(); }
  uint64_t begin(uint32_t row) const { return offsets[row]; }
  uint64_t end(uint32_t row) const { return offsets[row + 1]; }

  template <class T>
  std::span<const T> slice(const std::vector<T>& column, uint32_t row) const {
    return {column.data() + begin(row), column.data() + end(row)};
  }
};

}  // namespace reftally
