#include "analyzer/image/destructor_code.h"

#include <dwarf.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "analyzer/image/code_calls.h"

namespace reftally {

namespace {

constexpr int kDeepestPart = 16;

constexpr std::string_view kHarmlessImports[] = {
    "pthread_",        "__stack_chk_fail", "__cxa_", "_Unwind_Resume",   "__assert_fail",
    "_ZSt9terminatev", "_ZSt20__throw_",   "abort",  "__gxx_personality"};
constexpr std::string_view kFreeingFunctions[] = {"_Zdl", "_Zda", "free", "cfree", "g_free", "realloc"};

bool begins_as_any(std::string_view name, std::span<const std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return name.starts_with(p); });
}

// A call by pointer is one to anything.
CallAnswer judge(const CodeCall& call) {
  if (call.is_by_pointer || !call.import.empty())
    return begins_as_any(call.import, kHarmlessImports) ? CallAnswer::kPass : CallAnswer::kFound;
  return begins_as_any(call.function->name, kFreeingFunctions) ? CallAnswer::kFound : CallAnswer::kFollow;
}

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
      const ModuleFiles& module = *files_.file_of(ref).module;
      CodeCalls calls(modules_.code(module), modules_.symbols(module), module.bias());
      result.may_free = calls.search(begin, end, judge) != SearchResult::kNothing;
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
