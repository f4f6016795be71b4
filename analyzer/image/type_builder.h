// Types made from DWARF on demand. A class has one Type, made from the definition that the index gives, whichever
// unit or module refers to it.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "analyzer/image/die_names.h"
#include "analyzer/image/type_index.h"

namespace reftally {

class TypeBuilder {
 public:
  TypeBuilder(const DwarfFiles& files, TypeIndex& index, DieNames& names);

  // The type of that name; nullptr when unknown, or when the program has two different classes so called.
  const Type* find(std::string_view name);
  const Type* type_of(Dwarf_Die* die);  // what DW_AT_type refers to; void when it has none
  const Type* type_at(const DieRef& ref);

 private:
  struct RefLess {
    bool operator()(const DieRef& a, const DieRef& b) const {
      return std::tie(a.file, a.in_types, a.offset) < std::tie(b.file, b.in_types, b.offset);
    }
  };
  struct Unfilled {
    Type* type;
    Dwarf_Die die;
  };

  Type* make(Dwarf_Die die);  // not yet filled
  Type* make_class(Dwarf_Die die);
  const Type* finish(const Type* type);
  void fill(const Unfilled& unfilled);
  void fill_class(Type& type, Dwarf_Die* die);
  void add_member(Type& type, Dwarf_Die* die);
  void add_base(Type& type, Dwarf_Die* die);
  void add_template_argument(Type& type, Dwarf_Die* die);
  void fill_array(Type& type, Dwarf_Die* die);
  void name_class(Type& type, Dwarf_Die* die);
  void name_derived(Type& type);
  DieRef definition_of(const DieRef& ref, bool is_declaration);

  const DwarfFiles& files_;
  TypeIndex& index_;
  DieNames& names_;
  std::deque<Type> types_;
  std::map<DieRef, Type*, RefLess> by_die_;
  std::map<std::string, const Type*, std::less<>> by_name_;  // answers of find
  std::vector<Unfilled> unfilled_;
  std::vector<Type*> unnamed_;  // pointers and arrays: named once their targets are
  Type void_;
};

Dwarf_Die peel(Dwarf_Die die);  // typedefs and qualifiers off; addr is null for void

}  // namespace reftally
