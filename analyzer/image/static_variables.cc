#include "analyzer/image/static_variables.h"

#include <dwarf.h>

#include <algorithm>

namespace reftally {

namespace {

struct Place {
  uint64_t address = 0;  // before the module's bias; thread-local: offset in the module's TLS block
  bool is_thread_local = false;
};

// The operand of a one-word push: an address or constant, given directly or by index.
std::optional<uint64_t> pushed_value(const Dwarf_Attribute* attribute, const Dwarf_Op& operation) {
  Dwarf_Attribute indexed;
  Dwarf_Addr address = 0;
  Dwarf_Word constant = 0;
  switch (operation.atom) {
    case DW_OP_addr:
    case DW_OP_const4u:
    case DW_OP_const8u:
    case DW_OP_constu:
      return operation.number;
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
      if (dwarf_getlocation_attr(const_cast<Dwarf_Attribute*>(attribute), &operation, &indexed) != 0 ||
          dwarf_formaddr(&indexed, &address) != 0) {
        return std::nullopt;
      }
      return address;
    case DW_OP_constx:
    case DW_OP_GNU_const_index:
      if (dwarf_getlocation_attr(const_cast<Dwarf_Attribute*>(attribute), &operation, &indexed) != 0 ||
          dwarf_formudata(&indexed, &constant) != 0) {
        return std::nullopt;
      }
      return constant;
    default:
      return std::nullopt;
  }
}

std::optional<Place> place_of(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (!dwarf_attr(die, DW_AT_location, &attribute)) return std::nullopt;
  if (dwarf_getlocation(&attribute, &operations, &count) != 0 || count == 0) return std::nullopt;
  const std::optional<uint64_t> value = pushed_value(&attribute, operations[0]);
  if (!value) return std::nullopt;
  const uint8_t second = count > 1 ? operations[1].atom : 0;
  const bool is_thread_local = second == DW_OP_GNU_push_tls_address || second == DW_OP_form_tls_address;
  if (count > 1 && !is_thread_local) return std::nullopt;
  // The linker leaves 0 where it has dropped the variable.
  if (!is_thread_local && *value == 0) return std::nullopt;
  return Place{*value, is_thread_local};
}

// The linker gives g++'s .dwo files an address in the initial image instead of an offset. Nothing for values that are
// neither.
std::optional<uint64_t> thread_local_offset(const ImageModule& module, uint64_t value) {
  constexpr uint32_t kPtTls = 7;
  for (const ImageSegment& segment : module.segments) {
    if (segment.type != kPtTls) continue;
    const uint64_t size = segment.end - segment.begin, image = segment.begin - module.bias;
    if (value < size) return value;
    if (value - image < size) return value - image;
  }
  return std::nullopt;
}

std::optional<uint64_t> run_time_address(const ImageModule& module, const Place& place) {
  return place.is_thread_local ? thread_local_offset(module, place.address) : place.address + module.bias;
}

std::string variable_name(const DieRef& ref, Dwarf_Die* die, const DwarfFiles& files, DieNames& names) {
  Dwarf_Die declaration = declaration_of(*die);
  const char* own = dwarf_diename(&declaration);
  if (!own) return "";
  const DieRef place = files.ref(&declaration);
  const std::optional<DieRef> outer = names.parent(place == ref ? ref : place);
  if (!outer) return own;
  Dwarf_Die outer_die = files.die(*outer);
  const bool in_function = dwarf_tag(&outer_die) == DW_TAG_subprogram;
  return names.qualified_name(*outer) + (in_function ? "()::" : "::") + own;
}

}  // namespace

std::vector<Variable> read_static_variables(const DwarfFiles& files, const TypeIndex& index, DieNames& names,
                                            TypeBuilder& types) {
  std::vector<Variable> variables;
  for (const DieRef& ref : index.variables()) {
    Dwarf_Die die = files.die(ref);
    const std::optional<Place> place = die.addr ? place_of(&die) : std::nullopt;
    const ImageModule& module = *files.file_of(ref).module->module;
    const std::optional<uint64_t> address = place ? run_time_address(module, *place) : std::nullopt;
    if (!address) continue;
    Variable variable;
    variable.name = variable_name(ref, &die, files, names);
    if (variable.name.empty()) continue;
    variable.is_thread_local = place->is_thread_local;
    variable.address = *address;
    variable.module = &module;
    variable.type = types.type_of(&die);
    Dwarf_Die declaration = declaration_of(die);
    variable.location = declared_at(&declaration);
    variables.push_back(std::move(variable));
  }
  auto place = [](const Variable& v) { return std::tie(v.is_thread_local, v.module, v.address, v.name); };
  std::stable_sort(variables.begin(), variables.end(),
                   [&](const Variable& a, const Variable& b) { return place(a) < place(b); });
  variables.erase(std::unique(variables.begin(), variables.end(),
                              [&](const Variable& a, const Variable& b) { return place(a) == place(b); }),
                  variables.end());
  return variables;
}

}  // namespace reftally
