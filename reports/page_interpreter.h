// What the HTML page shows of CPython: small enough for a service with many pools.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "analyzer/interpreter_state.h"

namespace reftally {

inline constexpr size_t kMostDrawnPools = 4096;  // of more the page draws arenas

// `name` makes a type's name ready for the page.
nlohmann::ordered_json page_interpreter(const InterpreterState& state,
                                        const std::function<std::string(const std::string&)>& name);

}  // namespace reftally
