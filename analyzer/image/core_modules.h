// The programs and libraries of a process that left a core, from the files it had mapped.
#pragma once

#include <vector>

#include "analyzer/image/core_memory.h"

namespace reftally {

std::vector<ImageModule> modules_of_core(const CoreMemory& memory);

}  // namespace reftally
