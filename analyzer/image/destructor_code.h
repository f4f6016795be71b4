// Whether the destructor of a class may free something, told by its code: the function itself, or what is left of it
// in those it was inlined into, with all that they call. x86-64 only.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "analyzer/image/die_names.h"
#include "analyzer/image/module_code.h"
#include "analyzer/image/symbols.h"
#include "analyzer/image/type_builder.h"

namespace reftally {

struct CodeOfModules {
  std::function<const ModuleCode&(const ModuleFiles&)> code;
  std::function<const Symbols&(const ModuleFiles&)> symbols;
};

// By class, true when the code of its destructor, or of one of its bases' and members', has been found, and none of it
// calls what frees, or what is not known. It takes one pass over the DWARF of all modules.
std::vector<bool> find_freeless_destructors(std::span<const Type* const> classes, const DwarfFiles& files,
                                            DieNames& names, TypeBuilder& types, const CodeOfModules& modules);

}  // namespace reftally
