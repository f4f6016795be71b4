#include "analyzer/image/die_names.h"

#include <dwarf.h>

#include <algorithm>

namespace reftally {

namespace {

constexpr int kMaxDepth = 64;  // of types inside types: a cycle is damage

std::string array_count(Dwarf_Die* die) {
  std::string count;
  for_each_child(die, [&](Dwarf_Die* child) {
    if (dwarf_tag(child) != DW_TAG_subrange_type) return;
    const std::optional<uint64_t> given = subrange_count(child);
    count = given ? std::to_string(*given) : "";
  });
  return count;
}

bool is_scope(uint16_t tag) {
  switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_subprogram:
    case DW_TAG_lexical_block:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool attribute_die(Dwarf_Die* die, unsigned attribute, Dwarf_Die* result) {
  Dwarf_Attribute found;
  if (!dwarf_attr_integrate(die, attribute, &found) || !dwarf_formref_die(&found, result)) return false;
  Dwarf_Die defined;  // in a type unit: g++ leaves an entry there that has nothing but the signature
  if (dwarf_attr(result, DW_AT_signature, &found) && dwarf_formref_die(&found, &defined)) *result = defined;
  return true;
}

std::string attribute_string(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute found;
  const char* text = dwarf_formstring(dwarf_attr_integrate(die, attribute, &found));
  return text ? text : "";
}

std::optional<int64_t> attribute_integer(Dwarf_Die* die, unsigned attribute) {
  Dwarf_Attribute found;
  if (!dwarf_attr_integrate(die, attribute, &found)) return std::nullopt;
  // Only sdata says that it is signed; of data1 and the like dwarf_formsdata would extend the sign of line 200.
  Dwarf_Sword value = 0;
  const bool is_signed = found.form == DW_FORM_sdata || found.form == DW_FORM_implicit_const;
  if (is_signed && dwarf_formsdata(&found, &value) == 0) return value;
  Dwarf_Word word = 0;
  if (dwarf_formudata(&found, &word) == 0) return static_cast<int64_t>(word);
  return std::nullopt;
}

std::optional<uint64_t> subrange_count(Dwarf_Die* die) {
  if (const auto count = attribute_integer(die, DW_AT_count)) return static_cast<uint64_t>(*count);
  const auto upper = attribute_integer(die, DW_AT_upper_bound);
  if (!upper) return std::nullopt;
  // g++ gives an array of no elements the bound -1, in as many bytes as it likes.
  const bool is_empty = *upper == -1 || *upper == 0xffffffff;
  return is_empty ? 0 : static_cast<uint64_t>(*upper) + 1;
}

// As dwarf_decl_file, which aborts on a .dwo without a line table of its own (elfutils 0.188).
SourceLocation declared_at(Dwarf_Die* die) {
  const std::optional<int64_t> file = attribute_integer(die, DW_AT_decl_file);
  const std::optional<int64_t> line = attribute_integer(die, DW_AT_decl_line);
  Dwarf_Die unit;
  Dwarf_Files* files = nullptr;
  size_t count = 0;
  if (!file || !line || *file < 0 || !dwarf_diecu(die, &unit, nullptr, nullptr)) return {};
  if (dwarf_getsrcfiles(&unit, &files, &count) != 0 || static_cast<size_t>(*file) >= count) return {};
  const char* name = dwarf_filesrc(files, static_cast<size_t>(*file), nullptr, nullptr);
  return name ? SourceLocation{name, static_cast<uint32_t>(*line)} : SourceLocation{};
}

Dwarf_Die declaration_of(Dwarf_Die die) {
  for (int i = 0; i < kMaxDepth; ++i) {
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    if (!dwarf_attr(&die, DW_AT_specification, &attribute) && !dwarf_attr(&die, DW_AT_abstract_origin, &attribute))
      break;
    if (!dwarf_formref_die(&attribute, &next)) break;
    die = next;
  }
  return die;
}

const std::vector<DieNames::Scope>& DieNames::scopes(const DieRef& ref) {
  const DwarfFile& file = files_.file_of(ref);
  const DwarfUnit* unit = file.unit_at(ref.offset, ref.in_types);
  auto [found, is_new] = scopes_.try_emplace({ref.file, unit});
  std::vector<Scope>& scopes = found->second;
  if (!is_new || !unit) return scopes;
  DieScanner scanner(file.sections, *unit);
  RawDie die;
  std::vector<std::pair<int, uint32_t>> open;  // depth, row
  while (scanner.next(die)) {
    while (!open.empty() && open.back().first >= scanner.depth()) open.pop_back();
    const uint32_t parent = open.empty() ? kNone : open.back().second;
    const bool opens = is_scope(die.tag);
    const bool leaf = die.tag == DW_TAG_variable || die.tag == DW_TAG_member || die.tag == DW_TAG_enumeration_type ||
                      die.tag == DW_TAG_typedef;
    if (!opens && !leaf) continue;
    scopes.push_back({die.offset, parent, die.tag});
    if (opens) open.emplace_back(scanner.depth(), static_cast<uint32_t>(scopes.size() - 1));
  }
  return scopes;
}

std::optional<DieRef> DieNames::parent(const DieRef& ref) {
  const std::vector<Scope>& table = scopes(ref);
  auto found = std::lower_bound(table.begin(), table.end(), ref.offset,
                                [](const Scope& scope, uint64_t offset) { return scope.offset < offset; });
  if (found == table.end() || found->offset != ref.offset) return std::nullopt;
  uint32_t row = found->parent;
  while (row != kNone && table[row].tag == DW_TAG_lexical_block) row = table[row].parent;
  if (row == kNone) return std::nullopt;
  return DieRef{ref.file, ref.in_types, table[row].offset};
}

std::string DieNames::qualified_name(const DieRef& ref) {
  Dwarf_Die die = files_.die(ref);
  return die.addr ? qualified_name(&die, 0) : "";
}

std::string DieNames::qualified_name(Dwarf_Die* die, int depth) {
  Dwarf_Die declaration = declaration_of(*die);
  std::string name = own_name(&declaration, depth);
  if (depth > kMaxDepth) return name;
  const std::optional<DieRef> outer = parent(files_.ref(&declaration));
  if (!outer) return name;
  Dwarf_Die outer_die = files_.die(*outer);
  const std::string scope = qualified_name(&outer_die, depth + 1);
  return scope.empty() ? name : scope + "::" + name;
}

std::string DieNames::own_name(Dwarf_Die* die, int depth) {
  const char* name = dwarf_diename(die);
  const int tag = dwarf_tag(die);
  if (!name) return tag == DW_TAG_namespace ? "(anonymous namespace)" : "";
  std::string text = name;
  const bool may_lack_arguments =
      tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_subprogram;
  if (may_lack_arguments && text.find('<') == std::string::npos) text += template_arguments(die, depth);
  return text;
}

std::string DieNames::template_arguments(Dwarf_Die* die, int depth) {
  std::string text;
  bool any = false;
  auto add = [&](Dwarf_Die* parameter) {
    text += (text.empty() ? "" : ", ") + argument_spelling(parameter, depth + 1);
    any = true;
  };
  for_each_child(die, [&](Dwarf_Die* child) {
    switch (dwarf_tag(child)) {
      case DW_TAG_template_type_parameter:
      case DW_TAG_template_value_parameter:
      case DW_TAG_GNU_template_template_param:
        return add(child);
      case DW_TAG_GNU_template_parameter_pack:
        any = true;
        return for_each_child(child, add);
      default:
        return;
    }
  });
  return any ? "<" + text + ">" : "";
}

std::string DieNames::argument_spelling(Dwarf_Die* die, int depth) {
  Dwarf_Die type;
  const bool has_type = attribute_die(die, DW_AT_type, &type);
  switch (dwarf_tag(die)) {
    case DW_TAG_GNU_template_template_param:
      return attribute_string(die, DW_AT_GNU_template_name);
    case DW_TAG_template_value_parameter: {
      const std::optional<int64_t> value = attribute_integer(die, DW_AT_const_value);
      if (!value) return "?";
      const std::string spelling = has_type ? type_spelling(&type, depth) : "";
      if (spelling == "bool") return *value ? "true" : "false";
      const bool is_enum = has_type && dwarf_tag(&type) == DW_TAG_enumeration_type;
      return (is_enum ? "(" + spelling + ")" : "") + std::to_string(*value);
    }
    default:
      return has_type ? type_spelling(&type, depth) : "void";
  }
}

std::string DieNames::function_spelling(Dwarf_Die* die, const std::string& name, int depth) {
  Dwarf_Die result;
  std::string text = attribute_die(die, DW_AT_type, &result) ? type_spelling(&result, depth + 1) : "void";
  text += " " + name + "(";
  bool first = true;
  std::string qualifier;
  for_each_child(die, [&](Dwarf_Die* child) {
    Dwarf_Die type;
    if (dwarf_tag(child) != DW_TAG_formal_parameter || !attribute_die(child, DW_AT_type, &type)) return;
    Dwarf_Attribute artificial;
    if (dwarf_attr(child, DW_AT_artificial, &artificial)) {  // this
      Dwarf_Die pointee;
      if (attribute_die(&type, DW_AT_type, &pointee) && dwarf_tag(&pointee) == DW_TAG_const_type) qualifier = " const";
      return;
    }
    text += (first ? "" : ", ") + type_spelling(&type, depth + 1);
    first = false;
  });
  return text + ")" + qualifier;
}

std::string DieNames::member_pointer_spelling(Dwarf_Die* die, int depth) {
  Dwarf_Die target, owner;
  const std::string scope = attribute_die(die, DW_AT_containing_type, &owner) ? type_spelling(&owner, depth + 1) : "?";
  if (!attribute_die(die, DW_AT_type, &target)) return "void " + scope + "::*";
  if (dwarf_tag(&target) == DW_TAG_subroutine_type) return function_spelling(&target, "(" + scope + "::*)", depth);
  return type_spelling(&target, depth + 1) + " " + scope + "::*";
}

std::string DieNames::type_spelling(Dwarf_Die* die, int depth) {
  if (depth > kMaxDepth) return "?";
  Dwarf_Die target;
  const bool has_target = attribute_die(die, DW_AT_type, &target);
  auto of_target = [&](const char* suffix) {
    if (!has_target) return std::string("void") + suffix;
    if (dwarf_tag(&target) == DW_TAG_subroutine_type)
      return function_spelling(&target, std::string("(") + suffix + ")", depth);
    return type_spelling(&target, depth + 1) + suffix;
  };
  switch (dwarf_tag(die)) {
    case DW_TAG_pointer_type:
      return of_target("*");
    case DW_TAG_reference_type:
      return of_target("&");
    case DW_TAG_rvalue_reference_type:
      return of_target("&&");
    case DW_TAG_const_type:
      return of_target(" const");
    case DW_TAG_volatile_type:
      return of_target(" volatile");
    case DW_TAG_subroutine_type:
      return function_spelling(die, "", depth);
    case DW_TAG_array_type:
      return of_target((" [" + array_count(die) + "]").c_str());
    case DW_TAG_ptr_to_member_type:
      return member_pointer_spelling(die, depth);
    case DW_TAG_typedef:
    case DW_TAG_restrict_type:
      return of_target("");
    default:
      return qualified_name(die, depth + 1);
  }
}

}  // namespace reftally
