// The size of a class as its code tells it, where debug information does not: a deleting destructor, the second entry
// of most vtables (Itanium C++ ABI 2.6.2), hands it to operator delete(void*, std::size_t). x86-64 only.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/image/module_code.h"

namespace reftally {

// Of the class whose objects point to this vtable, its address without bias. Nothing when its destructor does more than
// free, or frees without a size (clang before 19).
std::optional<uint64_t> size_of_class(const ModuleCode& module, uint64_t vtable);

}  // namespace reftally
