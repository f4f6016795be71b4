// What CPython's collector and allocator are at, as JSON: of `reftally interpreter`, and in a report.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "analyzer/interpreter_state.h"

namespace reftally {

nlohmann::ordered_json generation_json(const GenerationState& state);
nlohmann::ordered_json interpreter_json(const InterpreterState& state);

}  // namespace reftally
