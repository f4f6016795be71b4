// Memory of a process that left a core: what the core has, and what it leaves out because a file has it.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/image/core_file.h"

namespace reftally {

class CoreMemory {
 public:
  // `sysroot` stands in front of the paths of mapped files.
  CoreMemory(const CoreFile& core, std::string sysroot) : core_(core), sysroot_(std::move(sysroot)) {}

  const CoreFile& core() const { return core_; }
  const uint8_t* at(uint64_t address, uint64_t size) const;  // nullptr when nobody has it
  std::optional<uint64_t> word(uint64_t address) const { return load<uint64_t>(address); }
  template <class T>
  std::optional<T> load(uint64_t address) const {
    const uint8_t* bytes = at(address, sizeof(T));
    if (!bytes) return std::nullopt;
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }
  // The text that begins there and ends with a NUL; empty when it is longer than `most` or not there.
  std::string_view text(uint64_t address, uint64_t most) const;
  const MappedFile* file(const std::string& path) const;  // nullptr when it cannot be read, or is another by now

 private:
  bool is_as_mapped(const std::string& path, const MappedFile& file) const;

  const CoreFile& core_;
  std::string sysroot_;
  mutable std::map<std::string, std::unique_ptr<MappedFile>> files_;  // null: cannot be read
};

}  // namespace reftally
