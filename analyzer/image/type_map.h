// Types told by `reftally lint --type-map` instead of debug information. The file is JSON:
//
//   {"schema": "reftally-types/1", "types": [TYPE, …]}
//
//   TYPE    key          what its type_info would say ("N2ns7SessionE"; see lint/facts.h for types without one)
//           kind         class, union, pointer, reference, array, base, enum, function, member-pointer
//           size, alignment (1 when absent), count (of an array)
//           target       pointee or element; types are named by their row, null is void or unknown
//           members      {name, offset, type, base, virtual: vtable offset, bits, line, holds}; bases first
//           arguments    types among the template arguments; values: the integral ones
//           at           [file, line]
//           incomplete, polymorphic, destructor
//           closure      [function, [parameters], number] of a closure that no type_info names
//
// A map may be of another version of the program, so every class is held against the dump: a class whose blocks are
// of another size, or begin with another vtable than it says, is not used, nor is any class that contains it.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/image/debug_types.h"

namespace reftally {

class TypeMap {
 public:
  // Reads `file` and drops what disagrees with the image. Throws Error when it is no type map.
  TypeMap(const std::string& file, const Image& image);

  const Type* find(std::string_view demangled_name) const;          // nullptr when unknown
  const Type* find_mangled(std::string_view type_info_name) const;  // nullptr when unknown
  std::vector<const Type*> classes_of_one_word() const;             // with a destructor and one member, see DebugTypes
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Entry {
    Type type;
    std::string key;
    uint64_t alignment = 1;
    bool is_polymorphic = false;
    uint32_t agreeing = 0, disagreeing = 0;  // objects in the dump
    uint64_t seen_size = 0;                  // of one that disagrees
    bool is_refused = false;
  };
  void read(std::string_view text);
  void check(const Image& image);
  void check_block(const Image& image, const ImageBlock& block);
  void note(Entry& entry, bool agrees, uint64_t size);
  void refuse();
  Entry* entry_of(std::string_view demangled_name);

  std::string file_;
  std::deque<Entry> entries_;
  Type void_;
  std::unordered_map<std::string, Entry*> by_name_, by_key_;
  std::unordered_map<uint64_t, std::pair<Entry*, int>> by_vtable_;  // what a block that begins so is
  std::vector<std::string> warnings_;
};

}  // namespace reftally
