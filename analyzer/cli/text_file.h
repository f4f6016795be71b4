// Whole text files that a person wrote or reviews: suppressions, baselines.
#pragma once

#include <string>

namespace reftally {

std::string read_text_file(const std::string& path);  // throws Error when it cannot be read
std::string today();                                  // "YYYY-MM-DD", local time

}  // namespace reftally
