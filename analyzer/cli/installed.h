// What is installed with the command: found from where the command itself is, in the build tree as after installation.
#pragma once

#include <filesystem>

namespace reftally {

// A file or folder of lib/reftally. Throws Error, calling it `what`, when it is not there.
std::filesystem::path installed_file(const char* name, const char* what);

}  // namespace reftally
