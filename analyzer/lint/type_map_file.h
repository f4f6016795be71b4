// How the program's types lie in memory and what each member holds, for `reftally analyze --type-map` on a program
// without debug information. The form is told in analyzer/image/type_map.h, which reads it.
#pragma once

#include <string>

#include "analyzer/lint/program.h"

namespace reftally::lint {

// Throws Error when the file cannot be written. Returns how many types were left out, because two units lay them out
// differently.
size_t write_type_map(const Program& program, const std::string& file);

}  // namespace reftally::lint
