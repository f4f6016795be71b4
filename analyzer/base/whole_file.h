#pragma once

#include <string>

namespace reftally {

// Whole or not at all, through links to the file they lead to. What is no plain file (a pipe, /dev/null) is written to,
// never replaced. Throws Error.
void write_file_whole(const std::string& path, const std::string& bytes);

}  // namespace reftally
