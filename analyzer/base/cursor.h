// Bounds-checked reading of a file: every step either succeeds or throws Error(file, offset, expected).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

#include "analyzer/base/error.h"

namespace reftally {

// A whole file, mapped read-only.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);  // throws Error when it cannot be opened or is not a plain file
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  std::span<const uint8_t> bytes() const { return {data_, size_}; }

 private:
  std::string path_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// A position in bytes that came from `file`; `base` is where the first of them stands in it. Bytes that were
// decompressed have no place of their own: `fixed` keeps every error at base, the place of the compressed ones.
class Cursor {
 public:
  Cursor(const std::string& file, std::span<const uint8_t> bytes, uint64_t base = 0, bool fixed = false)
      : file_(&file), bytes_(bytes), base_(base), fixed_(fixed) {}

  template <class T>
  T read(const char* expected) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, take(sizeof(T), expected).data(), sizeof(T));
    return value;
  }

  std::span<const uint8_t> take(uint64_t size, const char* expected) {
    if (size > remaining()) fail(expected);
    std::span<const uint8_t> taken = bytes_.subspan(position_, size);
    position_ += size;
    return taken;
  }

  void seek(uint64_t position, const char* expected) {
    if (position > bytes_.size()) fail(expected);
    position_ = position;
  }

  uint64_t position() const { return position_; }
  uint64_t remaining() const { return bytes_.size() - position_; }
  bool at_end() const { return position_ == bytes_.size(); }
  [[noreturn]] void fail(const std::string& expected) const {
    throw Error(*file_, fixed_ ? base_ : base_ + position_, expected);
  }

 private:
  const std::string* file_;
  std::span<const uint8_t> bytes_;
  uint64_t position_ = 0;
  uint64_t base_;
  bool fixed_;
};

}  // namespace reftally
