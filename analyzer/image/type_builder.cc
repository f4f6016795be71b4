#include "analyzer/image/type_builder.h"

#include <dwarf.h>
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "analyzer/image/type_names.h"

namespace reftally {

namespace {

constexpr int kMaxLinks = 64;  // typedefs of typedefs: a loop is damage

Type::Kind kind_of(int tag) {
  switch (tag) {
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
      return Type::Kind::kClass;
    case DW_TAG_union_type:
      return Type::Kind::kUnion;
    case DW_TAG_pointer_type:
      return Type::Kind::kPointer;
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
      return Type::Kind::kReference;
    case DW_TAG_array_type:
      return Type::Kind::kArray;
    case DW_TAG_enumeration_type:
      return Type::Kind::kEnum;
    case DW_TAG_subroutine_type:
      return Type::Kind::kFunction;
    case DW_TAG_ptr_to_member_type:
      return Type::Kind::kMemberPointer;
    case DW_TAG_base_type:
    case DW_TAG_unspecified_type:
      return Type::Kind::kBase;
    default:
      return Type::Kind::kVoid;
  }
}

bool flag(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute found;
  bool value = false;
  return dwarf_attr(die, attribute, &found) && dwarf_formflag(&found, &value) == 0 && value;
}

uint64_t size_of(Dwarf_Die* die) {
  Dwarf_Word size = 0;
  return dwarf_aggregate_size(die, &size) == 0 ? size : 0;
}

uint64_t alignment_said(Dwarf_Die* die) {
  Dwarf_Attribute found;
  Dwarf_Word alignment = 0;
  const bool is_said = dwarf_attr(die, DW_AT_alignment, &found) && dwarf_formudata(&found, &alignment) == 0;
  return is_said ? alignment : 0;
}

// DW_AT_data_member_location: a constant, or in DWARF 2 and for virtual bases an expression.
std::optional<uint64_t> member_offset(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  if (dwarf_attr(die, DW_AT_data_bit_offset, &attribute)) {
    Dwarf_Word bits = 0;
    if (dwarf_formudata(&attribute, &bits) == 0) return bits / 8;
  }
  if (!dwarf_attr(die, DW_AT_data_member_location, &attribute)) return 0;  // a union's members have none
  Dwarf_Word offset = 0;
  if (dwarf_formudata(&attribute, &offset) == 0) return offset;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (dwarf_getlocation(&attribute, &operations, &count) != 0) return std::nullopt;
  if (count == 1 && operations[0].atom == DW_OP_plus_uconst) return operations[0].number;
  return std::nullopt;
}

// The location of a virtual base is: dup, deref, constu N, minus, deref, plus. Its offset stands N before the vtable
// pointer's target.
int64_t vtable_offset(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (!dwarf_attr(die, DW_AT_data_member_location, &attribute)) return 0;
  if (dwarf_getlocation(&attribute, &operations, &count) != 0) return 0;
  for (size_t i = 0; i + 1 < count; ++i) {
    if (operations[i].atom >= DW_OP_const1u && operations[i].atom <= DW_OP_consts &&
        operations[i + 1].atom == DW_OP_minus) {
      return -static_cast<int64_t>(operations[i].number);
    }
    if (operations[i].atom >= DW_OP_lit0 && operations[i].atom <= DW_OP_lit31 &&
        operations[i + 1].atom == DW_OP_minus) {
      return -static_cast<int64_t>(operations[i].atom - DW_OP_lit0);
    }
  }
  return 0;
}

// Of a generic lambda g++ tells no operator(), as it is a template, but the destructor, "~<lambda>".
bool has_function_of_closure(Dwarf_Die* die) {
  bool found = false;
  for_each_child(die, [&](Dwarf_Die* child) {
    const char* text = dwarf_tag(child) == DW_TAG_subprogram ? dwarf_diename(child) : nullptr;
    const std::string_view name = text ? text : "";
    found |= name == "operator()" || name.starts_with("~<lambda") || name.starts_with("<lambda");
  });
  return found;
}

// g++ calls a closure "<lambda(int)>" or, in some versions, nothing; clang calls it nothing.
bool is_closure(Dwarf_Die* die) {
  const char* name = dwarf_diename(die);
  if (name) return std::string_view(name).starts_with("<lambda");
  // clang leaves out an operator() that is not called from what it compiles, and says struct for other unnamed ones.
  return dwarf_tag(die) == DW_TAG_class_type || has_function_of_closure(die);
}

// Captures: g++ puts "__" before the variable's name, clang does not; "this" is "__this" and "this".
std::string capture_name(std::string_view name) {
  if (name.size() > 2 && name.starts_with("__")) name.remove_prefix(2);
  return std::string(name);
}

bool is_user_destructor(Dwarf_Die* die) {
  const char* name = dwarf_diename(die);
  if (!name || name[0] != '~' || flag(die, DW_AT_artificial)) return false;
  return attribute_integer(die, DW_AT_defaulted).value_or(0) == 0;
}

// By its typedef, which peel() takes off.
bool is_address(Dwarf_Die type) {
  for (int i = 0; i < kMaxLinks; ++i) {
    const int tag = dwarf_tag(&type);
    if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type) return false;
    const char* name = tag == DW_TAG_typedef ? dwarf_diename(&type) : nullptr;
    if (name && (std::string_view(name) == "uintptr_t" || std::string_view(name) == "intptr_t")) return true;
    Dwarf_Die target;
    if (!attribute_die(&type, DW_AT_type, &target)) return false;
    type = target;
  }
  return false;
}

bool same_layout(const Type& a, const Type& b) {
  if (a.size != b.size || a.members.size() != b.members.size()) return false;
  for (size_t i = 0; i < a.members.size(); ++i) {
    const TypeMember &left = a.members[i], &right = b.members[i];
    if (left.name != right.name || left.offset != right.offset || left.is_base != right.is_base) return false;
    if (left.type->name != right.type->name || left.type->size != right.type->size) return false;
  }
  return true;
}

}  // namespace

Dwarf_Die peel(Dwarf_Die die) {
  for (int i = 0; i < kMaxLinks && die.addr; ++i) {
    switch (dwarf_tag(&die)) {
      case DW_TAG_typedef:
      case DW_TAG_const_type:
      case DW_TAG_volatile_type:
      case DW_TAG_restrict_type:
      case DW_TAG_atomic_type:
      case DW_TAG_packed_type:
      case DW_TAG_immutable_type:
      case DW_TAG_template_alias: {
        Dwarf_Die target;
        if (!attribute_die(&die, DW_AT_type, &target)) return Dwarf_Die{};
        die = target;
        break;
      }
      default:
        return die;
    }
  }
  return Dwarf_Die{};
}

TypeBuilder::TypeBuilder(const DwarfFiles& files, TypeIndex& index, DieNames& names)
    : files_(files), index_(index), names_(names) {
  void_.name = void_.short_name = "void";
  for (const DieRef& ref : index_.unnamed_templates()) {
    Dwarf_Die die = files_.die(ref);
    if (!die.addr) continue;
    int line = 0;
    dwarf_decl_line(&die, &line);
    index_.add(type_key(names_.qualified_name(ref)), {ref, size_of(&die), static_cast<uint64_t>(line), 0});
  }
}

const Type* TypeBuilder::find(std::string_view name) {
  auto known = by_name_.find(name);
  if (known != by_name_.end()) return known->second;
  const Type* found = nullptr;
  const TypeIndex::Definition* definition = index_.find(type_key(name));
  if (definition && !index_.has_twin(*definition)) found = type_at(definition->die);
  while (found && (definition = index_.next(*definition))) {
    if (!same_layout(*found, *type_at(definition->die))) found = nullptr;
  }
  by_name_.emplace(name, found);
  return found;
}

const Type* TypeBuilder::type_at(const DieRef& ref) {
  const Dwarf_Die die = files_.die(ref);
  return finish(make(die));
}

const Type* TypeBuilder::type_of(Dwarf_Die* die) {
  Dwarf_Die target;
  return attribute_die(die, DW_AT_type, &target) ? finish(make(target)) : &void_;
}

const Type* TypeBuilder::finish(const Type* type) {
  while (!unfilled_.empty()) {
    const Unfilled next = unfilled_.back();
    unfilled_.pop_back();
    fill(next);
  }
  for (Type* unnamed : unnamed_) name_derived(*unnamed);
  unnamed_.clear();
  return type;
}

Type* TypeBuilder::make(Dwarf_Die die) {
  die = peel(die);
  const Type::Kind kind = die.addr ? kind_of(dwarf_tag(&die)) : Type::Kind::kVoid;
  if (kind == Type::Kind::kVoid) return &void_;
  if (kind == Type::Kind::kClass || kind == Type::Kind::kUnion) return make_class(die);
  auto [found, is_new] = by_die_.try_emplace(files_.ref(&die), nullptr);
  if (!is_new) return found->second;
  Type& type = types_.emplace_back();
  type.kind = kind;
  found->second = &type;
  unfilled_.push_back({&type, die});
  return &type;
}

Type* TypeBuilder::make_class(Dwarf_Die die) {
  Dwarf_Die unit_type;  // defined in a type unit
  if (flag(&die, DW_AT_declaration) && attribute_die(&die, DW_AT_signature, &unit_type)) die = unit_type;
  const DieRef ref = files_.ref(&die);
  if (auto known = by_die_.find(ref); known != by_die_.end()) return known->second;
  const DieRef definition = is_closure(&die) ? ref : definition_of(ref, flag(&die, DW_AT_declaration));
  Type* type = nullptr;
  if (auto known = by_die_.find(definition); known != by_die_.end()) {
    type = known->second;
  } else {
    if (!(definition == ref)) die = files_.die(definition);
    type = &types_.emplace_back();
    type->kind = kind_of(dwarf_tag(&die));
    name_class(*type, &die);
    unfilled_.push_back({type, die});
    by_die_.emplace(definition, type);
  }
  by_die_.emplace(ref, type);
  return type;
}

// The entry to build a class from. Where several different classes have the name, each definition stands for itself,
// and a declaration means the one of its own unit, if any.
DieRef TypeBuilder::definition_of(const DieRef& ref, bool is_declaration) {
  const std::string name = names_.qualified_name(ref);
  if (name.empty() || name.back() == ':') return ref;
  const TypeIndex::Definition* definition = index_.find(type_key(name));
  if (!definition) return ref;
  const bool ambiguous = index_.next(*definition) != nullptr;
  if (!ambiguous) return definition->die;
  if (!is_declaration) return ref;
  const DwarfUnit* unit = files_.file_of(ref).unit_at(ref.offset, ref.in_types);
  for (; definition; definition = index_.next(*definition)) {
    const DieRef& found = definition->die;
    if (found.file != ref.file || files_.file_of(found).unit_at(found.offset, found.in_types) != unit) continue;
    return index_.has_twin(*definition) ? ref : found;
  }
  return ref;
}

void TypeBuilder::name_class(Type& type, Dwarf_Die* die) {
  type.location = declared_at(die);
  type.is_closure = is_closure(die);
  if (type.is_closure) {
    type.name = fmt::format("[lambda {}:{}]", base_name(type.location.file), type.location.line);
    type.short_name = type.name;
    return;
  }
  type.name = normal_type_name(names_.qualified_name(files_.ref(die)));
  if (type.name.empty() || type.name.ends_with("::")) type.name += "(unnamed)";
  const SplitName split = split_name(type.name);
  type.scope = split.scope;
  type.short_name = split.short_name;
}

void TypeBuilder::fill(const Unfilled& unfilled) {
  Type& type = *unfilled.type;
  Dwarf_Die die = unfilled.die;
  switch (type.kind) {
    case Type::Kind::kClass:
    case Type::Kind::kUnion:
      return fill_class(type, &die);
    case Type::Kind::kArray:
      fill_array(type, &die);
      unnamed_.push_back(&type);
      return;
    case Type::Kind::kPointer:
    case Type::Kind::kReference:
      type.size = sizeof(uint64_t);
      break;
    case Type::Kind::kEnum:
      type.size = size_of(&die);
      name_class(type, &die);
      return;
    case Type::Kind::kMemberPointer:
      type.size = size_of(&die);
      break;
    default:
      type.size = size_of(&die);
      type.name = normal_type_name(names_.type_spelling(&die));
      type.short_name = type.name;
      return;
  }
  Dwarf_Die target;
  type.target = attribute_die(&die, DW_AT_type, &target) ? make(target) : &void_;
  unnamed_.push_back(&type);
}

void TypeBuilder::fill_class(Type& type, Dwarf_Die* die) {
  type.size = size_of(die);
  type.alignment = alignment_said(die);
  type.is_declaration = flag(die, DW_AT_declaration);
  for_each_child(die, [&](Dwarf_Die* child) {
    switch (dwarf_tag(child)) {
      case DW_TAG_member:
        return add_member(type, child);
      case DW_TAG_inheritance:
        return add_base(type, child);
      case DW_TAG_template_type_parameter:
      case DW_TAG_template_value_parameter:
        return add_template_argument(type, child);
      case DW_TAG_GNU_template_parameter_pack:
        return for_each_child(child, [&](Dwarf_Die* argument) { add_template_argument(type, argument); });
      case DW_TAG_subprogram:
        type.has_user_destructor |= is_user_destructor(child);
        return;
      default:
        return;
    }
  });
  std::stable_partition(type.members.begin(), type.members.end(),
                        [](const TypeMember& member) { return member.is_base; });
}

void TypeBuilder::add_member(Type& type, Dwarf_Die* die) {
  if (flag(die, DW_AT_external) || flag(die, DW_AT_declaration)) return;  // static, before DWARF 5
  Dwarf_Die target;
  const std::optional<uint64_t> offset = member_offset(die);
  if (!offset || !attribute_die(die, DW_AT_type, &target)) return;
  Dwarf_Attribute bits;
  TypeMember member;
  const char* name = dwarf_diename(die);
  member.name = name ? name : "";
  if (type.is_closure) member.name = capture_name(member.name);
  member.offset = *offset;
  member.type = make(target);
  member.is_bit_field = dwarf_attr(die, DW_AT_bit_size, &bits) != nullptr;
  member.is_address = is_address(target);
  member.location = declared_at(die);
  type.members.push_back(std::move(member));
}

void TypeBuilder::add_base(Type& type, Dwarf_Die* die) {
  Dwarf_Die target;
  if (!attribute_die(die, DW_AT_type, &target)) return;
  const std::optional<uint64_t> offset = member_offset(die);
  TypeMember base;
  base.is_base = true;
  base.is_virtual_base = attribute_integer(die, DW_AT_virtuality).value_or(0) != 0 || !offset;
  base.offset = base.is_virtual_base ? 0 : *offset;
  if (base.is_virtual_base) base.vtable_offset = vtable_offset(die);
  base.type = make(target);
  type.members.push_back(std::move(base));
}

void TypeBuilder::add_template_argument(Type& type, Dwarf_Die* die) {
  if (dwarf_tag(die) == DW_TAG_template_value_parameter) {
    if (const auto value = attribute_integer(die, DW_AT_const_value)) type.template_values.push_back(*value);
    return;
  }
  Dwarf_Die target;
  type.template_arguments.push_back(attribute_die(die, DW_AT_type, &target) ? make(target) : &void_);
}

void TypeBuilder::fill_array(Type& type, Dwarf_Die* die) {
  Dwarf_Die target;
  type.target = attribute_die(die, DW_AT_type, &target) ? make(target) : &void_;
  type.element_count = 1;
  for_each_child(die, [&](Dwarf_Die* child) {
    if (dwarf_tag(child) != DW_TAG_subrange_type) return;
    type.element_count *= subrange_count(child).value_or(0);
  });
  type.size = size_of(die);
  if (flag(die, DW_AT_GNU_vector)) type.alignment = type.size;
}

void TypeBuilder::name_derived(Type& type) {
  if (!type.name.empty() || !type.target) return;
  type.name = "?";                                // what a pointer that points to itself finds
  auto* target = const_cast<Type*>(type.target);  // ours, and named first
  name_derived(*target);
  const char* suffix = type.kind == Type::Kind::kPointer ? "*" : type.kind == Type::Kind::kReference ? "&" : "";
  type.name = type.kind == Type::Kind::kArray           ? fmt::format("{} [{}]", target->name, type.element_count)
              : type.kind == Type::Kind::kMemberPointer ? target->name + " ::*"
                                                        : target->name + suffix;
  type.short_name = type.name;
}

}  // namespace reftally
