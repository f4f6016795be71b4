// Source positions of code addresses from DWARF: functions, inlined calls, lines.
#pragma once

#include <unordered_map>
#include <vector>

#include "analyzer/image/die_names.h"

namespace reftally {

class SourceLines {
 public:
  SourceLines(const DwarfFiles& files, DieNames& names) : files_(files), names_(names) {}

  // Innermost first; empty when DWARF says nothing about the address.
  std::vector<SourceFrame> frames(const ModuleFiles& module, uint64_t address);
  // The function whose code contains address.
  bool function_at(const ModuleFiles& module, uint64_t address, Dwarf_Die* function);
  std::string function_name(Dwarf_Die* die);  // qualified, with its parameters where DWARF has the mangled name

 private:
  struct Range {
    uint64_t low, high;
    Dwarf_Die die;
  };
  struct Unit {
    Dwarf_Die unit;      // has the line table
    Dwarf_Die contents;  // the split unit's, or the same
    std::vector<Range> functions;
    enum class Functions { kNone, kOuter, kAll } looked_for = Functions::kNone;
  };
  struct Module {
    std::vector<Unit> units;
    std::vector<std::pair<Range, size_t>> ranges;  // by low; second: row of units
  };

  Module& module_units(const ModuleFiles& module);
  Unit* unit_at(const ModuleFiles& module, uint64_t address);
  const Range* function_range(Unit& unit, uint64_t address);
  static void find_functions(Unit& unit, bool inside_functions);
  static void collect_functions(Dwarf_Die* die, std::vector<Range>& functions, bool inside_functions, int depth);

  const DwarfFiles& files_;
  DieNames& names_;
  std::unordered_map<const ModuleFiles*, Module> modules_;
};

}  // namespace reftally
