#include "analyzer/image/unit_walk.h"

#include <dwarf.h>

#include <algorithm>
#include <unordered_map>

#include "analyzer/image/type_names.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace reftally {

uint64_t hash_key(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

namespace {

bool is_class(uint16_t tag) {
  return tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

bool is_template_parameter(uint16_t tag) {
  return tag == DW_TAG_template_type_parameter || tag == DW_TAG_template_value_parameter ||
         tag == DW_TAG_GNU_template_parameter_pack || tag == DW_TAG_GNU_template_template_param;
}

// g++ calls each lambda of a function "<lambda(int)>", and what a template makes of them alike.
bool has_unnumbered_lambda(std::string_view path) { return path.find("<lambda") != std::string_view::npos; }

class UnitWalk {
 public:
  UnitWalk(const DwarfSections& sections, const DwarfUnit& unit, WalkResult& result)
      : scanner_(sections, unit), unit_(unit), result_(result) {}

  void run() {
    RawDie die;
    while (scanner_.next(die)) {
      while (!scopes_.empty() && scopes_.back().depth >= scanner_.depth()) close_scope();
      visit(die);
    }
    while (!scopes_.empty()) close_scope();
    resolve_local_classes();
    resolve_call_operators();
    resolve_typedefs();
  }

 private:
  struct Scope {
    int depth;
    uint16_t tag;
    uint32_t path_size;  // of path_ without this scope's name
    uint64_t offset;
    uint32_t function;       // row of functions_ when this is one, or lies in one; else kNone
    bool is_bare_name;       // a class or function without template arguments in its name
    bool lacks_arguments;    // this or an outer scope is a template named without its arguments
    std::string outer_path;  // when this scope's path does not extend it
    bool has_outer_path = false;
  };
  struct Declaration {
    uint64_t offset;
    uint32_t scope;  // row of scope_names_
  };
  struct Function {
    uint64_t offset, reference;
    uint32_t scope;  // row of scope_names_
    uint64_t parent_class;
    std::string_view name;
    uint32_t outer = kNone;  // function it lies in
    bool lacks_arguments = false;
  };
  struct LocalClass {
    RawDie die;
    uint32_t function;
    std::string path;  // below the function
  };
  struct CallOperator {
    std::string_view linkage_name;
    uint64_t function;  // offset
  };
  static constexpr uint32_t kNone = 0xffffffff;
  static constexpr int kMaxChain = 8;  // out-of-line copy -> abstract instance -> declaration; a loop is damage

  void visit(const RawDie& die);
  void visit_class(const RawDie& die);
  void visit_function(const RawDie& die);
  void visit_typedef(const RawDie& die);
  void open_scope(const RawDie& die, std::string_view name);
  void move_to_declaration(const RawDie& die);
  void close_scope();
  void finish_class();
  void add_class(const RawDie& die, std::string_view path);
  uint32_t scope_name();
  uint32_t outer_function() const { return scopes_.empty() ? kNone : scopes_.back().function; }
  const Function* function_at(uint64_t offset) const;
  std::string function_path(const Function& function, int depth = 0) const;
  bool lacks_arguments(const Function& function, int depth = 0) const;
  void resolve_local_classes();
  void resolve_call_operators();
  void resolve_typedefs();

  DieScanner scanner_;
  const DwarfUnit& unit_;
  WalkResult& result_;
  std::string path_;  // of the open scopes below the innermost function
  std::vector<Scope> scopes_;
  std::vector<std::string> scope_names_;
  uint32_t last_scope_name_ = kNone;
  std::vector<Function> functions_;        // by offset
  std::vector<Declaration> declarations_;  // of classes, by offset
  std::vector<LocalClass> local_classes_;
  std::vector<CallOperator> call_operators_;
  std::vector<RawDie> unnamed_classes_, typedefs_;
  std::vector<std::string> typedef_paths_;
  std::unordered_map<uint64_t, uint32_t> twins_;  // classes by hash of (qualified name, size, line)
  RawDie pending_class_;                          // its first child tells whether its name lacks template arguments
  bool has_pending_class_ = false;
};

void UnitWalk::visit(const RawDie& die) {
  if (is_template_parameter(die.tag) && !scopes_.empty() && scopes_.back().is_bare_name) {
    scopes_.back().lacks_arguments = true;
    if (scopes_.back().tag == DW_TAG_subprogram) functions_[scopes_.back().function].lacks_arguments = true;
  }
  if (has_pending_class_) finish_class();
  switch (die.tag) {
    case DW_TAG_namespace:
      return open_scope(die, die.name.empty() ? "(anonymous namespace)" : die.name);
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
      return visit_class(die);
    case DW_TAG_subprogram:
      return visit_function(die);
    case DW_TAG_variable:
    case DW_TAG_member:
      if (die.has_static_location) result_.variables.push_back({unit_.in_types, die.offset});
      return;
    case DW_TAG_typedef:
      return visit_typedef(die);
    case DW_TAG_inlined_subroutine:
    case DW_TAG_subroutine_type:
    case DW_TAG_array_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_call_site:
    case DW_TAG_GNU_call_site:
      scanner_.skip_children(die);
      return;
    default:
      return;
  }
}

void UnitWalk::visit_class(const RawDie& die) {
  if (die.is_declaration && outer_function() == kNone) declarations_.push_back({die.offset, scope_name()});
  if (die.is_declaration && !die.has_children) return;
  if (die.name.empty()) unnamed_classes_.push_back(die);
  if (die.reference) {
    move_to_declaration(die);
  } else {
    open_scope(die, die.name);
  }
  if (die.is_declaration || die.name.empty()) return;
  pending_class_ = die;
  has_pending_class_ = true;
  if (!die.has_children || die.name.find('<') != std::string_view::npos) finish_class();
}

// struct Outer::Inner { … }: the definition stands outside of Outer and refers to the declaration inside.
void UnitWalk::move_to_declaration(const RawDie& die) {
  auto found = std::lower_bound(declarations_.begin(), declarations_.end(), die.reference,
                                [](const Declaration& declared, uint64_t offset) { return declared.offset < offset; });
  std::string outer = std::move(path_);
  const bool known = found != declarations_.end() && found->offset == die.reference && found->scope != kNone;
  path_ = known ? scope_names_[found->scope] : "";
  open_scope(die, die.name);
  scopes_.back().outer_path = std::move(outer);
  scopes_.back().has_outer_path = true;
}

void UnitWalk::finish_class() {
  has_pending_class_ = false;
  // The scope of a class without children is open too, until the next entry closes it.
  const Scope& scope = scopes_.back();
  if (scope.lacks_arguments) {
    result_.unnamed_templates.push_back(
        {0, unit_.in_types, pending_class_.offset, pending_class_.byte_size, pending_class_.line});
  } else if (scope.function != kNone) {
    local_classes_.push_back({pending_class_, scope.function, path_});
  } else {
    add_class(pending_class_, path_);
  }
}

void UnitWalk::add_class(const RawDie& die, std::string_view path) {
  uint64_t seen = hash_key(path) ^ (die.byte_size * 0x9e3779b97f4a7c15u) ^ (die.line * 0xc2b2ae3d27d4eb4fu);
  const uint32_t twin = has_unnumbered_lambda(path) ? twins_[seen]++ : 0;
  seen += twin * 0xd6e8feb86659fd93u;
  if (!result_.seen.insert(seen).second) return;
  result_.classes.push_back({hash_key(type_key(path)), unit_.in_types, die.offset, die.byte_size, die.line, twin});
}

void UnitWalk::visit_function(const RawDie& die) {
  const bool in_class = !scopes_.empty() && is_class(scopes_.back().tag);
  functions_.push_back(
      {die.offset, die.reference, scope_name(), in_class ? scopes_.back().offset : 0, die.name, outer_function()});
  if (!die.linkage_name.empty() && (die.name == "operator()" || (die.name.empty() && die.reference))) {
    call_operators_.push_back({die.linkage_name, die.offset});
  }
  if (die.is_declaration) {
    scanner_.skip_children(die);
    return;
  }
  if (!die.has_children) return;
  std::string outer = std::move(path_);
  path_.clear();
  open_scope(die, {});
  scopes_.back().function = static_cast<uint32_t>(functions_.size() - 1);
  scopes_.back().outer_path = std::move(outer);
  scopes_.back().has_outer_path = true;
}

void UnitWalk::visit_typedef(const RawDie& die) {
  if (!die.type || die.name.empty() || outer_function() != kNone) return;
  typedefs_.push_back(die);
  typedef_paths_.push_back(path_.empty() ? std::string(die.name) : path_ + "::" + std::string(die.name));
}

void UnitWalk::open_scope(const RawDie& die, std::string_view name) {
  Scope scope{};
  scope.depth = scanner_.depth();
  scope.tag = die.tag;
  scope.path_size = static_cast<uint32_t>(path_.size());
  scope.offset = die.offset;
  scope.function = outer_function();
  scope.is_bare_name = die.tag != DW_TAG_namespace && die.name.find('<') == std::string_view::npos;
  scope.lacks_arguments = !scopes_.empty() && scopes_.back().lacks_arguments;
  scopes_.push_back(std::move(scope));
  last_scope_name_ = kNone;
  if (name.empty()) return;
  if (!path_.empty()) path_ += "::";
  path_ += name;
}

void UnitWalk::close_scope() {
  if (has_pending_class_ && scopes_.back().offset == pending_class_.offset) finish_class();
  Scope& scope = scopes_.back();
  if (scope.has_outer_path) {
    path_ = std::move(scope.outer_path);
  } else {
    path_.resize(scope.path_size);
  }
  scopes_.pop_back();
  last_scope_name_ = kNone;
}

uint32_t UnitWalk::scope_name() {
  if (path_.empty()) return kNone;
  if (last_scope_name_ == kNone) {
    last_scope_name_ = static_cast<uint32_t>(scope_names_.size());
    scope_names_.push_back(path_);
  }
  return last_scope_name_;
}

const UnitWalk::Function* UnitWalk::function_at(uint64_t offset) const {
  auto found = std::lower_bound(functions_.begin(), functions_.end(), offset,
                                [](const Function& function, uint64_t at) { return function.offset < at; });
  return found != functions_.end() && found->offset == offset ? &*found : nullptr;
}

std::string UnitWalk::function_path(const Function& function, int depth) const {
  if (function.name.empty() && function.reference && depth < kMaxChain) {
    const Function* origin = function_at(function.reference);
    return origin ? function_path(*origin, depth + 1) : "";
  }
  std::string path;
  if (function.outer != kNone && depth < kMaxChain) path = function_path(functions_[function.outer], depth + 1);
  if (function.scope != kNone) path += (path.empty() ? "" : "::") + scope_names_[function.scope];
  if (!path.empty()) path += "::";
  return path += function.name;
}

bool UnitWalk::lacks_arguments(const Function& function, int depth) const {
  if (function.lacks_arguments || depth == kMaxChain) return function.lacks_arguments;
  const Function* origin = function.reference ? function_at(function.reference) : nullptr;
  if (origin && lacks_arguments(*origin, depth + 1)) return true;
  return function.outer != kNone && lacks_arguments(functions_[function.outer], depth + 1);
}

void UnitWalk::resolve_local_classes() {
  for (const LocalClass& local : local_classes_) {
    if (lacks_arguments(functions_[local.function])) {
      result_.unnamed_templates.push_back({0, unit_.in_types, local.die.offset, local.die.byte_size, local.die.line});
      continue;
    }
    add_class(local.die, function_path(functions_[local.function]) + "::" + local.path);
  }
}

// A closure is known by the mangled name of its operator(), which stands at the declaration in the class (clang) or
// at the definition that refers to it (g++).
void UnitWalk::resolve_call_operators() {
  for (const CallOperator& call : call_operators_) {
    const Function* function = function_at(call.function);
    for (int i = 0; function && !function->parent_class && i < kMaxChain; ++i)
      function = function_at(function->reference);
    if (function && function->parent_class && function->name == "operator()") {
      result_.closures.push_back({call.linkage_name, unit_.in_types, function->parent_class});
    }
  }
}

// typedef struct { … } Name; the class takes its name from the typedef.
void UnitWalk::resolve_typedefs() {
  for (size_t i = 0; i < typedefs_.size(); ++i) {
    auto found = std::lower_bound(unnamed_classes_.begin(), unnamed_classes_.end(), typedefs_[i].type,
                                  [](const RawDie& die, uint64_t offset) { return die.offset < offset; });
    if (found != unnamed_classes_.end() && found->offset == typedefs_[i].type) add_class(*found, typedef_paths_[i]);
  }
}

}  // namespace

void walk_unit(const DwarfSections& sections, const DwarfUnit& unit, WalkResult& result) {
  UnitWalk(sections, unit, result).run();
}

}  // namespace reftally
