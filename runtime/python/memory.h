// Growing arrays in the agent's own mappings: the snapshot child may not call malloc, and a word scan must be able
// to leave the agent's memory out. Out of memory ends the child; its parent notices and goes on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/core/dump_file.h"
#include "runtime/core/system.h"

namespace reftally::python {

template <class T>
class Column {
 public:
  Column() = default;
  Column(const Column&) = delete;
  Column& operator=(const Column&) = delete;

  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  T& operator[](size_t i) noexcept { return data_[i]; }
  const T& operator[](size_t i) const noexcept { return data_[i]; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  const T* begin() const noexcept { return data_; }
  const T* end() const noexcept { return data_ + size_; }
  // The first row that is not before a place, where rows are in order; size() where all are.
  template <class IsBefore>
  size_t partition_point(IsBefore is_before) const noexcept {
    size_t low = 0, high = size_;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (is_before(data_[middle]))
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
  void clear() noexcept { size_ = 0; }
  void push(const T& item) noexcept {
    if (size_ == capacity_) grow(size_ + 1);
    data_[size_++] = item;
  }
  void pop() noexcept { size_--; }
  void reserve(size_t count) noexcept {
    if (count > capacity_) grow(count);
  }
  // New items are zero, provided that clear() was never called: mapped memory is.
  void resize(size_t count) noexcept {
    if (count > capacity_) grow(count);
    size_ = count;
  }

 private:
  static constexpr size_t kFirstBytes = 64u << 10;

  void grow(size_t least) noexcept {
    size_t bytes = capacity_ != 0 ? 2 * bytes_ : kFirstBytes;
    while (bytes < least * sizeof(T)) bytes *= 2;
    void* memory = data_ != nullptr ? runtime::remap_memory(data_, bytes_, bytes) : runtime::map_memory(bytes);
    if (memory == nullptr) {
      runtime::say("no dump: no address space is left for it (ulimit -v)");
      runtime::end_child(false);
    }
    data_ = static_cast<T*>(memory);
    bytes_ = bytes;
    capacity_ = bytes / sizeof(T);
  }

  T* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0, bytes_ = 0;
};

// Open addressing, never erases. Address 0 is the empty slot. Value must be zero-initialised by default.
template <class Value>
class AddressMap {
 public:
  struct Slot {
    uint64_t address;
    Value value;
  };

  size_t size() const noexcept { return used_; }

  Value* find(uint64_t address) noexcept {
    if (slots_.empty()) return nullptr;
    Slot& slot = slot_of(address);
    return slot.address != 0 ? &slot.value : nullptr;
  }

  // The value of `address`, made when it is not there.
  Value& operator[](uint64_t address) noexcept {
    if ((used_ + 1) * 10 > slots_.size() * 7) rehash();
    Slot& slot = slot_of(address);
    if (slot.address == 0) {
      slot.address = address;
      used_++;
    }
    return slot.value;
  }

  template <class F>
  void for_each(F&& f) noexcept {
    for (Slot& slot : slots_)
      if (slot.address != 0) f(slot.address, slot.value);
  }

 private:
  // Objects are 8 or 16 bytes apart at least: the low bits say nothing.
  size_t hash(uint64_t address) const noexcept { return (address >> 3) * 0x9E3779B97F4A7C15u >> shift_; }

  Slot& slot_of(uint64_t address) noexcept {
    const size_t mask = slots_.size() - 1;
    size_t i = hash(address);
    while (slots_[i].address != 0 && slots_[i].address != address) i = (i + 1) & mask;
    return slots_[i];
  }

  void rehash() noexcept {
    const size_t old_size = slots_.size(), size = old_size != 0 ? 2 * old_size : 4096;
    kept_.clear();
    for (const Slot& slot : slots_)
      if (slot.address != 0) kept_.push(slot);
    for (Slot& slot : slots_) slot = Slot{};
    slots_.resize(size);
    shift_ = 64 - __builtin_ctzll(size);
    for (const Slot& slot : kept_) slot_of(slot.address) = slot;
  }

  Column<Slot> slots_, kept_;
  size_t used_ = 0;
  int shift_ = 0;
};

}  // namespace reftally::python
