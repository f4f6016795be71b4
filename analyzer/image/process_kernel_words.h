// What the kernel keeps for a living process and hands back with an event, as /proc tells: runtime/core/kernel_text.h.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/dump/format.h"

namespace reftally {

std::vector<dump::KernelWord> read_kernel_words(uint32_t pid);  // empty where /proc does not tell

}  // namespace reftally
