// A column whose length nobody knows beforehand. It grows by moving page tables and not pages: a vector of 500 MB
// touches, and has the kernel clear, twice that before it is done (40 % of the time of a lift once). So does realloc
// when a part was given to madvise: mremap refuses what is two mappings.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "analyzer/base/huge_pages.h"

namespace reftally {

template <class T>
class GrowingColumn {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  GrowingColumn() = default;
  GrowingColumn(GrowingColumn&& other) noexcept { swap(other); }
  GrowingColumn& operator=(GrowingColumn&& other) noexcept {
    swap(other);
    return *this;
  }
  GrowingColumn(const GrowingColumn&) = delete;
  GrowingColumn& operator=(const GrowingColumn&) = delete;
  ~GrowingColumn() { mapping_.data != nullptr ? free_mapping(mapping_) : std::free(rows_); }

  T* begin() { return rows_; }
  T* end() { return rows_ + size_; }
  const T* begin() const { return rows_; }
  const T* end() const { return rows_ + size_; }
  const T* data() const { return rows_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](size_t row) { return rows_[row]; }
  const T& operator[](size_t row) const { return rows_[row]; }
  T& front() { return rows_[0]; }
  T& back() { return rows_[size_ - 1]; }
  const T& front() const { return rows_[0]; }
  const T& back() const { return rows_[size_ - 1]; }

  void push_back(const T& row) {
    if (size_ == capacity_) {
      const T copy = row;  // it may be one of ours
      grow(capacity_ + capacity_ / 2 + 16);
      new (rows_ + size_++) T(copy);
      return;
    }
    new (rows_ + size_++) T(row);
  }
  // More rows, of no value yet.
  void extend(size_t rows) {
    if (size_ + rows > capacity_) grow(std::max(size_ + rows, capacity_ + capacity_ / 2));
    size_ += rows;
  }
  void reserve(size_t rows) {
    if (rows > capacity_) grow(rows);
  }
  void pop_back() { --size_; }
  void truncate(size_t rows) { size_ = rows; }
  void release() { GrowingColumn().swap(*this); }
  // The same rows as another type of equal size, where they stand: `convert(row, as)` returns false to leave one out.
  template <class U, class Convert>
  GrowingColumn<U> convert_to(Convert convert) && {
    static_assert(sizeof(U) == sizeof(T) && alignof(U) <= alignof(T));
    GrowingColumn<U> result;
    result.rows_ = reinterpret_cast<U*>(rows_);
    result.capacity_ = std::exchange(capacity_, 0);
    result.mapping_ = std::exchange(mapping_, {});
    for (size_t row = 0; row < size_; ++row) {
      const T from = rows_[row];
      U to;
      if (convert(from, to)) new (result.rows_ + result.size_++) U(to);
    }
    rows_ = nullptr;
    size_ = 0;
    return result;
  }
  // Visits each row in its order; the memory of many goes on the way, so that what is made of them may have it.
  template <class Visit>
  void consume(Visit visit) && {
    constexpr size_t kPiece = (size_t{16} << 20) / sizeof(T);
    for (size_t row = 0; row < size_; ++row) {
      if (row % kPiece == 0) give_back_front(mapping_, row * sizeof(T));
      visit(std::as_const(rows_[row]));
    }
    release();
  }
  void swap(GrowingColumn& other) noexcept {
    std::swap(rows_, other.rows_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(mapping_, other.mapping_);
  }

 private:
  template <class U>
  friend class GrowingColumn;

  static constexpr size_t kMapped = 4u << 20;  // bytes; below, the allocator's

  void grow(size_t rows) {
    const size_t bytes = rows * sizeof(T);
    if (bytes >= kMapped) return grow_mapped(bytes);
    void* moved = std::realloc(static_cast<void*>(rows_), bytes);
    if (!moved) throw std::bad_alloc();
    rows_ = static_cast<T*>(moved);
    capacity_ = rows;
  }

  void grow_mapped(size_t bytes) {
    const bool allocated = mapping_.data == nullptr;
    mapping_ = grow_mapping(mapping_, bytes);
    if (allocated && size_ > 0) std::memcpy(mapping_.data, static_cast<void*>(rows_), size_ * sizeof(T));
    if (allocated) std::free(rows_);
    rows_ = static_cast<T*>(mapping_.data);
    capacity_ = mapping_.bytes / sizeof(T);
  }

  T* rows_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
  PageMapping mapping_;  // where the rows are, when they are many
};

}  // namespace reftally
