// Qualified names of DWARF entries. A DWARF entry does not know what encloses it; a table of the scopes of its unit
// does, made when a unit is first asked about (libdw's dwarf_getscopes_die walks the unit for every question).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "analyzer/image/dwarf_files.h"

namespace reftally {

class DieNames {
 public:
  explicit DieNames(const DwarfFiles& files) : files_(files) {}

  // "ns::Outer<int>::Inner"; what an entry inside a function is called begins with the function's own name.
  std::string qualified_name(const DieRef& ref);
  // The class or namespace that encloses an entry's declaration; nothing at the top of a unit.
  std::optional<DieRef> parent(const DieRef& ref);
  // How source spells a type: "ns::T const*".
  std::string type_spelling(Dwarf_Die* die, int depth = 0);

 private:
  struct Scope {
    uint64_t offset;
    uint32_t parent;  // row, kNone at the top
    uint16_t tag;
  };
  static constexpr uint32_t kNone = 0xffffffff;
  using UnitKey = std::pair<uint32_t, const DwarfUnit*>;

  const std::vector<Scope>& scopes(const DieRef& ref);
  std::string own_name(Dwarf_Die* die, int depth);
  std::string qualified_name(Dwarf_Die* die, int depth);
  std::string template_arguments(Dwarf_Die* die, int depth);
  std::string function_spelling(Dwarf_Die* die, const std::string& name, int depth);
  std::string member_pointer_spelling(Dwarf_Die* die, int depth);
  std::string argument_spelling(Dwarf_Die* die, int depth);

  const DwarfFiles& files_;
  std::map<UnitKey, std::vector<Scope>> scopes_;
};

// The entry that declares what `die` defines or instantiates: the end of its specification and abstract_origin links.
Dwarf_Die declaration_of(Dwarf_Die die);

bool attribute_die(Dwarf_Die* die, unsigned attribute, Dwarf_Die* result);  // follows a reference
std::string attribute_string(Dwarf_Die* die, unsigned attribute);
std::optional<int64_t> attribute_integer(Dwarf_Die* die, unsigned attribute);
std::optional<uint64_t> subrange_count(Dwarf_Die* die);  // elements in one dimension of an array; nothing for []
SourceLocation declared_at(Dwarf_Die* die);              // DW_AT_decl_file and DW_AT_decl_line

template <class Visit>
void for_each_child(Dwarf_Die* die, Visit visit) {
  Dwarf_Die child;
  if (dwarf_child(die, &child) != 0) return;
  do {
    visit(&child);
  } while (dwarf_siblingof(&child, &child) == 0);
}

}  // namespace reftally
