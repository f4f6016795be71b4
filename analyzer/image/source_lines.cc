#include "analyzer/image/source_lines.h"

#include <dwarf.h>

#include <algorithm>

namespace reftally {

namespace {

// g++ tells no name of a lambda's class, and no linkage name of its functions: "main::::operator()"; what makes or
// destroys one is "main::::<lambda(int)>" or "main::::~<lambda(int)>".
std::string with_names(std::string function) {
  constexpr std::string_view kUnnamed = "::::", kLambda = "<lambda";
  const size_t last = function.rfind(kUnnamed);
  if (last == std::string::npos) return function;
  const std::string_view member = std::string_view(function).substr(last + kUnnamed.size());
  const bool is_its_own =
      member.starts_with(kLambda) || (member.starts_with('~') && member.substr(1).starts_with(kLambda));
  const char* const name = is_its_own || member == "operator()" ? "{lambda}" : "{unnamed}";
  if (is_its_own) function.resize(last + kUnnamed.size());
  for (size_t at = 0; (at = function.find(kUnnamed, at)) != std::string::npos;) function.insert(at + 2, name);
  if (is_its_own) function.resize(function.size() - 2);
  return function;
}

constexpr int kMaxInlining = 100;

template <class Visit>
void for_each_range(Dwarf_Die* die, Visit visit) {
  Dwarf_Addr base = 0, low = 0, high = 0;
  for (ptrdiff_t offset = 0; (offset = dwarf_ranges(die, offset, &base, &low, &high)) > 0;) {
    if (low < high) visit(low, high);
  }
}

// Of nested and overlapping ranges (functions folded into one by the linker) the last that begins at or before
// `address` and contains it.
template <class Ranges, class RangeOf>
auto find_range(Ranges& ranges, uint64_t address, RangeOf range_of) -> decltype(&ranges[0]) {
  constexpr int kMaxOverlap = 16;
  auto after = std::upper_bound(ranges.begin(), ranges.end(), address,
                                [&](uint64_t a, const auto& entry) { return a < range_of(entry).low; });
  for (int i = 0; i < kMaxOverlap && after != ranges.begin(); ++i) {
    --after;
    if (address < range_of(*after).high) return &*after;
  }
  return nullptr;
}

// The call that was inlined at `address` directly in `die`.
bool inlined_call_at(Dwarf_Die* die, uint64_t address, Dwarf_Die* call) {
  bool found = false;
  for_each_child(die, [&](Dwarf_Die* child) {
    if (found) return;
    const int tag = dwarf_tag(child);
    if (tag == DW_TAG_inlined_subroutine && dwarf_haspc(child, address) > 0) {
      *call = *child;
      found = true;
    } else if (tag == DW_TAG_lexical_block) {
      found = inlined_call_at(child, address, call);
    }
  });
  return found;
}

}  // namespace

SourceLines::Module& SourceLines::module_units(const ModuleFiles& module) {
  auto [found, is_new] = modules_.try_emplace(&module);
  Module& result = found->second;
  if (!is_new || !module.dwarf) return result;
  Dwarf_CU* cu = nullptr;
  Dwarf_Half version = 0;
  uint8_t type = 0;
  Dwarf_Die unit, split;
  while (dwarf_get_units(module.dwarf.get(), cu, &cu, &version, &type, &unit, &split) == 0) {
    if (type != DW_UT_compile && type != DW_UT_skeleton) continue;
    const size_t row = result.units.size();
    result.units.push_back({unit, split.addr ? split : unit, {}});
    for_each_range(&unit, [&](uint64_t low, uint64_t high) { result.ranges.push_back({{low, high, unit}, row}); });
  }
  std::stable_sort(result.ranges.begin(), result.ranges.end(),
                   [](const auto& a, const auto& b) { return a.first.low < b.first.low; });
  return result;
}

SourceLines::Unit* SourceLines::unit_at(const ModuleFiles& module, uint64_t address) {
  Module& units = module_units(module);
  const auto* found = find_range(units.ranges, address, [](const auto& entry) -> const Range& { return entry.first; });
  return found ? &units.units[found->second] : nullptr;
}

// Those of classes inside functions are wanted rarely (lambdas, in what g++ did not optimise): to look for them costs a
// walk of the whole unit.
void SourceLines::collect_functions(Dwarf_Die* die, std::vector<Range>& functions, bool inside_functions, int depth) {
  if (depth == kMaxInlining) return;
  for_each_child(die, [&](Dwarf_Die* child) {
    switch (dwarf_tag(child)) {
      case DW_TAG_subprogram:
        for_each_range(child, [&](uint64_t low, uint64_t high) { functions.push_back({low, high, *child}); });
        if (inside_functions) collect_functions(child, functions, true, depth + 1);
        return;
      case DW_TAG_lexical_block:
        if (inside_functions) collect_functions(child, functions, true, depth + 1);
        return;
      case DW_TAG_namespace:
      case DW_TAG_class_type:
      case DW_TAG_structure_type:
        return collect_functions(child, functions, inside_functions, depth + 1);
      default:
        return;
    }
  });
}

void SourceLines::find_functions(Unit& unit, bool inside_functions) {
  unit.functions.clear();
  collect_functions(&unit.contents, unit.functions, inside_functions, 0);
  std::stable_sort(unit.functions.begin(), unit.functions.end(),
                   [](const Range& a, const Range& b) { return a.low < b.low; });
}

const SourceLines::Range* SourceLines::function_range(Unit& unit, uint64_t address) {
  auto find = [&] {
    return find_range(unit.functions, address, [](const Range& range) -> const Range& { return range; });
  };
  if (unit.looked_for == Unit::Functions::kNone) find_functions(unit, false);
  unit.looked_for = std::max(unit.looked_for, Unit::Functions::kOuter);
  const Range* range = find();
  if (range || unit.looked_for == Unit::Functions::kAll) return range;
  unit.looked_for = Unit::Functions::kAll;
  find_functions(unit, true);
  return find();
}

bool SourceLines::function_at(const ModuleFiles& module, uint64_t address, Dwarf_Die* function) {
  Unit* unit = unit_at(module, address - module.bias());
  const Range* range = unit ? function_range(*unit, address - module.bias()) : nullptr;
  if (range) *function = range->die;
  return range != nullptr;
}

std::string SourceLines::function_name(Dwarf_Die* die) {
  std::string mangled = attribute_string(die, DW_AT_linkage_name);
  if (mangled.empty()) mangled = attribute_string(die, DW_AT_MIPS_linkage_name);
  const bool is_rust = mangled.starts_with("_R");  // mangled by rules of its own
  return mangled.empty() || is_rust ? with_names(names_.qualified_name(files_.ref(die))) : demangle(mangled);
}

std::vector<SourceFrame> SourceLines::frames(const ModuleFiles& module, uint64_t address) {
  std::vector<SourceFrame> frames;
  const uint64_t pc = address - module.bias();
  Unit* unit = unit_at(module, pc);
  const Range* range = unit ? function_range(*unit, pc) : nullptr;
  if (!range) return frames;
  SourceFrame position;  // file and line of pc; then, going outwards, of each inlined call
  position.module = module.module->path;
  if (Dwarf_Line* line = dwarf_getsrc_die(&unit->unit, pc)) {
    int number = 0;
    const char* file = dwarf_linesrc(line, nullptr, nullptr);
    if (file && dwarf_lineno(line, &number) == 0) position.file = file;
    position.line = static_cast<uint32_t>(number);
  }
  Dwarf_Die calls[kMaxInlining];  // outermost first
  int count = 0;
  calls[count++] = range->die;
  while (count < kMaxInlining && inlined_call_at(&calls[count - 1], pc, &calls[count])) ++count;
  Dwarf_Files* sources = nullptr;
  size_t source_count = 0;
  dwarf_getsrcfiles(&unit->unit, &sources, &source_count);
  while (count-- > 0) {
    position.function = function_name(&calls[count]);
    frames.push_back(position);
    const auto file = attribute_integer(&calls[count], DW_AT_call_file);
    const char* name = file && sources ? dwarf_filesrc(sources, static_cast<size_t>(*file), nullptr, nullptr) : nullptr;
    position.file = name ? name : "";
    position.line = static_cast<uint32_t>(attribute_integer(&calls[count], DW_AT_call_line).value_or(0));
  }
  return frames;
}

}  // namespace reftally
