// The door for core files: an Image of a process from what the kernel, or gdb's gcore, left of it.
//
// Not known then: where blocks were born and in which order, what was declared, and how much was asked for (a block is
// as large as its chunk can hold).
#pragma once

#include <string>

#include "analyzer/image/image.h"

namespace reftally {

// Throws Error for a file that is no whole core of an x86-64 process with glibc's malloc. `sysroot` stands in front of
// the paths of mapped files, which the core leaves out where they are unchanged.
Image read_core(const std::string& path, const std::string& sysroot);

// Either kind of file: a dump or a core.
Image read_image(const std::string& path, const std::string& sysroot);

}  // namespace reftally
