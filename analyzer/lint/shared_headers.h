// The standard headers of many files, parsed once. Half of what clang does for a C++ file is to read <string>, <vector>
// and <memory> again, and those say the same in every file that is compiled with the same flags. Only the standard
// library's are shared: others may depend on what was included or defined before them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "analyzer/lint/translation_unit.h"

namespace reftally::lint {

struct SharedHeaders {
  std::vector<size_t> samples;  // commands that are read first, to learn which headers there are
  std::vector<size_t> others;   // commands that may then use `precompiled`
  CompileCommand command;       // makes it, once `command.file` is written
  std::string precompiled;
};

// Groups those of `which` that have the same flags; files are to be written in `folder`. Commands in no group are read
// as they are.
std::vector<SharedHeaders> group_by_flags(const std::vector<CompileCommand>& commands, const std::vector<size_t>& which,
                                          const std::string& folder);

// Public names of the standard headers among these files: "vector".
std::set<std::string> standard_headers(const std::vector<std::string>& files);
// Includes them in `group.command.file`. Throws Error when there are too few to be worth it.
void write_shared_header(const SharedHeaders& group, const std::set<std::string>& headers);
// Takes out the headers that read a file which belongs to no installed library. False when there are none; throws Error
// when it cannot be told which they are.
bool erase_foreign(const std::vector<std::string>& files_read, const std::string& resource_dir,
                   std::set<std::string>& headers);

}  // namespace reftally::lint
