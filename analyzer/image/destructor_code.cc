#include "analyzer/image/destructor_code.h"

#include <dwarf.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace reftally {

namespace {

constexpr int kDeepestPart = 16;
constexpr size_t kMostCode = 64 << 10;  // bytes: a destructor that does more may do anything

constexpr std::string_view kHarmlessImports[] = {
    "pthread_",        "__stack_chk_fail", "__cxa_", "_Unwind_Resume",   "__assert_fail",
    "_ZSt9terminatev", "_ZSt20__throw_",   "abort",  "__gxx_personality"};
constexpr std::string_view kFreeingFunctions[] = {"_Zdl", "_Zda", "free", "cfree", "g_free", "realloc"};

bool begins_as_any(std::string_view name, std::span<const std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return name.starts_with(p); });
}

// Follows the code of one module. Where an instruction begins is not known: what looks like a call counts as one only
// when it leads to a function. A call by pointer is one to anything.
class CallSearch {
 public:
  CallSearch(const ModuleFiles& module, const CodeOfModules& modules)
      : code_(modules.code(module)), symbols_(modules.symbols(module)), bias_(module.bias()) {}

  bool may_free(uint64_t begin, uint64_t end) {
    todo_.assign(1, {begin, end});
    bool found = false;
    for (size_t next = 0; next < todo_.size() && !found; ++next) found = scan(todo_[next].begin, todo_[next].end);
    return found;
  }

 private:
  struct Range {
    uint64_t begin, end;
  };

  bool scan(uint64_t begin, uint64_t end) {
    const Code whole = code_.from(begin);
    if (whole.size() < end - begin || (seen_ += end - begin) > kMostCode) return true;
    const Code code = whole.first(end - begin);
    for (size_t at = 0; at + 2 <= code.size(); ++at)
      if (goes_astray(code.subspan(at), begin + at)) return true;
    return false;
  }

  bool goes_astray(Code code, uint64_t address) {
    if (code[0] == 0xff) return is_by_pointer(code[1]) && !is_harmless(code_.import_called_at(address));
    const bool is_condition = code[0] == 0x0f && (code[1] & 0xf0) == 0x80;
    if (is_condition) code = code.subspan(1), ++address;
    if (code.size() < 5 || (!is_condition && code[0] != kCallOpcode && code[0] != kJumpOpcode)) return false;
    const std::string_view import = is_condition ? std::string_view() : code_.import_called_at(address);
    return import.empty() ? frees_at(direct_target(code, address)) : !is_harmless(import);
  }

  // Of "ff /2", a call, and "ff /4", a jump.
  static bool is_by_pointer(uint8_t operand) {
    const int operation = operand >> 3 & 7;
    return operation == 2 || operation == 4;
  }

  static bool is_harmless(std::string_view import) { return begins_as_any(import, kHarmlessImports); }

  bool frees_at(uint64_t target) {
    const Symbol* function = symbols_.function_at(target + bias_);
    if (!function || function->size == 0) return false;
    const std::string_view name = function->name;
    const uint64_t begin = function->address - bias_;
    if (target != begin && name.find(".cold") == name.npos) return false;
    if (begins_as_any(name, kFreeingFunctions)) return true;
    if (known_.insert(begin).second) todo_.push_back({begin, begin + function->size});
    return false;
  }

  const ModuleCode& code_;
  const Symbols& symbols_;
  uint64_t bias_;
  std::vector<Range> todo_;
  std::unordered_set<uint64_t> known_;  // functions
  uint64_t seen_ = 0;
};

struct Instance {
  uint64_t offset;  // of the entry
  uint64_t declaration;
};

// Where a unit has the code of functions of these names: entries that lead to a declaration so called.
std::vector<Instance> find_instances(const DwarfFile& file, const DwarfUnit& unit, const std::set<std::string>& names) {
  struct Link {
    uint64_t offset, to;
  };
  std::vector<Link> links;
  std::unordered_map<uint64_t, uint64_t> declaration;  // by offset of what leads to it
  DieScanner scanner(file.sections, unit);
  RawDie die;
  while (scanner.next(die)) {
    if (die.tag != DW_TAG_subprogram && die.tag != DW_TAG_inlined_subroutine) continue;
    if (die.reference != 0) links.push_back({die.offset, die.reference});
    if (die.name.starts_with('~') && names.contains(std::string(die.name))) declaration[die.offset] = die.offset;
  }
  if (declaration.empty()) return {};
  std::vector<Instance> found;
  constexpr int kLongestChain = 4;  // inlined or out-of-line copy -> abstract instance -> declaration
  for (int round = 0; round < kLongestChain; ++round) {
    for (const Link& link : links) {
      const auto known = declaration.find(link.to);
      if (known != declaration.end() && declaration.emplace(link.offset, known->second).second)
        found.push_back({link.offset, known->second});
    }
  }
  return found;
}

class Search {
 public:
  Search(std::span<const Type* const> classes, const DwarfFiles& files, DieNames& names, TypeBuilder& types,
         const CodeOfModules& modules)
      : files_(files), names_(names), types_(types), modules_(modules), result_(classes.size()) {
    for (size_t i = 0; i < classes.size(); ++i) want(*classes[i], i, 0);
  }

  std::vector<bool> run() {
    for (uint32_t file = 0; file < files_.files().size(); ++file)
      for (const DwarfUnit& unit : files_.files()[file].units) read_unit(file, unit);
    std::vector<bool> result(result_.size());
    for (size_t i = 0; i < result.size(); ++i) result[i] = result_[i].is_known && !result_[i].may_free;
    return result;
  }

 private:
  struct Result {
    bool is_known = false, may_free = false;
  };

  void want(const Type& type, size_t row, int depth) {
    if (type.kind != Type::Kind::kClass || depth > kDeepestPart) return;
    if (type.has_user_destructor) {
      rows_[type.name].insert(row);
      destructors_.insert("~" + std::string(type.template_name()));
      destructors_.insert("~" + type.short_name);
    }
    for (const TypeMember& member : type.members)
      if (member.type) want(*member.type, row, depth + 1);
  }

  void read_unit(uint32_t file, const DwarfUnit& unit) {
    for (const Instance& instance : find_instances(files_.files()[file], unit, destructors_)) {
      const std::optional<DieRef> owner = names_.parent({file, unit.in_types, instance.declaration});
      const Type* type = owner ? types_.type_at(*owner) : nullptr;
      const auto rows = type ? rows_.find(type->name) : rows_.end();
      if (rows == rows_.end()) continue;
      for (size_t row : rows->second) read_instance({file, unit.in_types, instance.offset}, result_[row]);
    }
  }

  void read_instance(const DieRef& ref, Result& result) {
    Dwarf_Die die = files_.die(ref);
    Dwarf_Addr base = 0, begin = 0, end = 0;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &begin, &end)) > 0 && !result.may_free;) {
      if (begin == end) continue;
      result.is_known = true;
      result.may_free = CallSearch(*files_.file_of(ref).module, modules_).may_free(begin, end);
    }
  }

  const DwarfFiles& files_;
  DieNames& names_;
  TypeBuilder& types_;
  const CodeOfModules& modules_;
  std::vector<Result> result_;
  std::map<std::string, std::set<size_t>> rows_;  // by class
  std::set<std::string> destructors_;             // by name
};

}  // namespace

std::vector<bool> find_freeless_destructors(std::span<const Type* const> classes, const DwarfFiles& files,
                                            DieNames& names, TypeBuilder& types, const CodeOfModules& modules) {
  return Search(classes, files, names, types, modules).run();
}

}  // namespace reftally
