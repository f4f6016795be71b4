// Variables with a fixed or thread-local address, read from DWARF.
#pragma once

#include <vector>

#include "analyzer/image/type_builder.h"

namespace reftally {

// By module and address, one a name and address.
std::vector<Variable> read_static_variables(const DwarfFiles& files, const TypeIndex& index, DieNames& names,
                                            TypeBuilder& types);

}  // namespace reftally
