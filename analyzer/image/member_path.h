// How source reads a place inside a value of a known type: "routes_[2].handler_".
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/image/debug_types.h"

namespace reftally {

// Goes down to the innermost member that holds `offset`. Inside library classes only members with a name a user of the
// class would write are told. Empty when the type says nothing of that place.
std::string member_path(const Type& type, uint64_t offset);

}  // namespace reftally
