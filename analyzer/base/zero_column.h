// A column of which most rows are zero: what nobody writes costs no memory, only addresses.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

#include "analyzer/base/huge_pages.h"

namespace reftally {

template <class T>
class ZeroColumn {
  static_assert(std::is_integral_v<T>);

 public:
  ZeroColumn() = default;
  explicit ZeroColumn(size_t size) : size_(size), rows_(static_cast<T*>(std::calloc(size + 1, sizeof(T)))) {
    if (!rows_) throw std::bad_alloc();
    ask_for_huge_pages(rows_.get(), size * sizeof(T));
  }

  size_t size() const { return size_; }
  const T& operator[](size_t row) const { return rows_[row]; }
  T& operator[](size_t row) { return rows_[row]; }
  const T* begin() const { return rows_.get(); }
  const T* end() const { return rows_.get() + size_; }
  // Writes where that changes something, and so touches no memory for a zero.
  void set(size_t row, T value) {
    if (rows_[row] != value) rows_[row] = value;
  }

 private:
  struct Free {
    void operator()(T* rows) const { std::free(rows); }
  };
  size_t size_ = 0;
  std::unique_ptr<T[], Free> rows_;
};

}  // namespace reftally
