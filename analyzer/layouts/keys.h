// Keys of maps, as they read between brackets.
#pragma once

#include "analyzer/layouts/walker.h"

namespace reftally {

// For Value::index: an integer that is not negative and below 2^31; the text of a std::string or std::string_view,
// where the dump has it (--full-contents). kNoIndex for any other.
uint32_t index_of_key(Walker& walker, const Type& type, uint64_t address);

}  // namespace reftally
