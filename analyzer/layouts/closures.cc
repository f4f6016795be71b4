// Type-erased callables and values: std::function, move_only_function, any. Their manager function is an
// instantiation for the stored type, so its symbol tells the type.
#include <array>
#include <string>

#include "analyzer/layouts/layouts.h"
#include "analyzer/layouts/plans.h"
#include "analyzer/layouts/type_names.h"

namespace reftally {

namespace {

// Position of the last `text` outside template arguments and parameters, or npos.
size_t rfind_outside(std::string_view name, std::string_view text) {
  int depth = 0;
  size_t found = std::string_view::npos;
  for (size_t i = 0; i < name.size(); ++i) {
    if (depth == 0 && name.substr(i).starts_with(text)) found = i;
    if (name[i] == '<' || name[i] == '(' || name[i] == '{') ++depth;
    if (name[i] == '>' || name[i] == ')' || name[i] == '}') --depth;
  }
  return found;
}

// "std::_Function_handler<void (), Functor>::_M_manager(…)" gives "Functor"; so does "…::_S_manage<Functor>(…)".
std::string_view managed_type_name(std::string_view demangled) {
  for (std::string_view manager : {"::_M_manager(", "::_S_manage("}) {
    const size_t at = rfind_outside(demangled, manager);
    if (at == std::string_view::npos) continue;
    const std::vector<std::string_view> arguments = template_arguments(demangled.substr(0, at));
    return arguments.empty() ? std::string_view() : arguments.back();
  }
  const size_t at = rfind_outside(demangled, "::_S_manage<");
  if (at == std::string_view::npos) return {};
  const std::string_view from = demangled.substr(at);
  const size_t parameters = rfind_outside(from, "(");
  const std::vector<std::string_view> arguments = template_arguments(from.substr(0, parameters));
  return arguments.empty() ? std::string_view() : arguments.back();
}

ManagedType managed_by(Walker& walker, uint64_t manager) {
  auto [found, added] = walker.managed_types().emplace(manager, ManagedType{});
  if (!added) return found->second;
  const std::string symbol = walker.types().symbol_at(manager);
  if (symbol.empty()) return {};
  const std::string demangled = demangle(symbol);
  ManagedType& managed = found->second;
  managed.is_internal = demangled.find("_Manager_internal<") != std::string::npos;
  managed.type = walker.types().find(managed_type_name(demangled));
  if (!managed.type) managed.type = walker.types().closure_of_symbol(symbol);
  return managed;
}

bool is_trivially_copyable(const Type& type, int depth = 0) {
  if (type.has_user_destructor || type.is_declaration || depth > 16) return false;
  if (type.kind == Type::Kind::kArray) return type.target && is_trivially_copyable(*type.target, depth + 1);
  if (type.kind != Type::Kind::kClass && type.kind != Type::Kind::kUnion) return true;
  for (const TypeMember& member : type.members) {
    if (!member.type || member.is_virtual_base || !is_trivially_copyable(*member.type, depth + 1)) return false;
  }
  return true;
}

}  // namespace

PathId path_into(Walker& walker, const Type& type, PathId path) {
  if (type.is_closure) return walker.paths().closure(path, type);
  const std::string_view name = type.template_name();
  if (type.scope == "std" && name.starts_with("_Bind")) return walker.paths().bound(path);
  return path;
}

namespace {

// offsets: storage, manager; flag: what fits is stored inside even when copying it is not trivial
void walk_callable(Walker& walker, const Plan& plan, const Value& value) {
  constexpr uint64_t kInside = 16;
  const uint64_t storage = value.address + plan.offsets[0];
  const std::optional<uint64_t> manager = walker.word(value.address + plan.offsets[1]);
  if (!manager) return walker.give_up(value);
  if (*manager == 0) return;
  const ManagedType managed = managed_by(walker, *manager);
  if (!managed.type || managed.type->size == 0) return walker.give_up(value);
  const PathId path = path_into(walker, *managed.type, value.path);
  if (managed.type->size <= kInside && (plan.flag || is_trivially_copyable(*managed.type))) {
    // What a small callable leaves of its room has been set by nobody.
    if (managed.type->size <= 8) walker.visitor().take(storage + 8);
    return walker.push(managed.type, storage, path);
  }
  const std::optional<uint64_t> target = walker.word(storage);
  if (!target || !walker.in_one_piece(*target, *target + managed.type->size)) return walker.give_up(value);
  if (!walker.visitor().take(storage)) return;
  walker.visitor().storage(*target);
  walker.push(managed.type, *target, path);
}

bool plan_callable(const Type& type, Plan& plan, const char* storage, const char* manager, bool keeps_what_fits) {
  const auto storage_place = find_member(type, {storage}), manager_place = find_member(type, {manager});
  if (!storage_place || !manager_place) return false;
  plan.offsets[0] = storage_place->offset;
  plan.offsets[1] = manager_place->offset;
  plan.flag = keeps_what_fits;
  plan.walk = walk_callable;
  return true;
}

bool plan_function(const Type& type, Plan& plan) {
  return plan_callable(type, plan, "_M_functor", "_M_manager", false);
}
bool plan_move_only_function(const Type& type, Plan& plan) {
  return plan_callable(type, plan, "_M_storage", "_M_manage", true);
}

void walk_any(Walker& walker, const Plan& plan, const Value& value) {
  const std::optional<uint64_t> manager = walker.word(value.address + plan.offsets[1]);
  if (!manager) return walker.give_up(value);
  if (*manager == 0) return;
  const ManagedType managed = managed_by(walker, *manager);
  const uint64_t storage = value.address + plan.offsets[0];
  if (!managed.type) return walker.give_up(value);
  if (managed.is_internal) return walker.push(managed.type, storage, value.path);
  const std::optional<uint64_t> target = walker.word(storage);
  if (!target || !walker.in_one_piece(*target, *target + managed.type->size)) return walker.give_up(value);
  if (!walker.visitor().take(storage)) return;
  walker.visitor().storage(*target);
  walker.push(managed.type, *target, value.path);
}

bool plan_any(const Type& type, Plan& plan) {
  const auto storage = find_member(type, {"_M_storage"}), manager = find_member(type, {"_M_manager"});
  if (!storage || !manager) return false;
  plan.offsets[0] = storage->offset;
  plan.offsets[1] = manager->offset;
  plan.walk = walk_any;
  return true;
}

constexpr std::array kLayouts = {
    Layout{"std", "function", plan_function},
    Layout{"std", "move_only_function", plan_move_only_function},
    Layout{"std", "any", plan_any},
};

}  // namespace

std::span<const Layout> closure_layouts() { return kLayouts; }

}  // namespace reftally
