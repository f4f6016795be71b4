// What to install so that a module has debug information.
#pragma once

#include <string>
#include <vector>

namespace reftally {

// One sentence for all modules without debug information, the most telling first; empty when there are none. Names
// Debian packages where this machine's package database knows who owns the files.
std::string missing_debug_information(const std::vector<std::string>& paths, size_t module_count);

}  // namespace reftally
