// One unit of DWARF as an index sees it: classes, static variables and closures with their qualified names.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "analyzer/image/die_scanner.h"

namespace reftally {

struct WalkedClass {
  uint64_t key_hash;
  bool in_types;
  uint64_t offset, size, line;
  uint32_t twin = 0;  // how many classes before it in its unit have its name: templates of different lambdas
};

struct WalkedClosure {
  std::string_view call_operator;
  bool in_types;
  uint64_t offset;
};

struct WalkedVariable {
  bool in_types;
  uint64_t offset;
};

// What walks over several units collect.
struct WalkResult {
  std::vector<WalkedClass> classes;
  std::vector<WalkedClass> unnamed_templates;
  std::vector<WalkedClosure> closures;
  std::vector<WalkedVariable> variables;
  std::unordered_set<uint64_t> seen;  // hashes of (qualified name, size, line, twin) that `classes` has
};

void walk_unit(const DwarfSections& sections, const DwarfUnit& unit, WalkResult& result);

uint64_t hash_key(std::string_view key);

}  // namespace reftally
