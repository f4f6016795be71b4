// Whose definition of a symbol is used in this process.
#pragma once

namespace reftally::runtime {

// The file whose definition of `symbol` the program gets, or nullptr when that is the agent's.
const char* other_definition(const char* symbol) noexcept;

}  // namespace reftally::runtime
