// compile_commands.json without clang: commands split as a shell would, response files expanded, paths absolute.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/lint/translation_unit.h"

namespace reftally::lint {

// `where` is the file or the folder that contains it. Sorted by file, one command a file (the first). Throws Error.
std::vector<CompileCommand> read_compile_commands(const std::string& where);

struct Selection {
  std::vector<CompileCommand> commands;
  std::vector<std::string> missing;  // files without a command
};
// Those of `files`, each a path from here or a part of one. Without files: all.
Selection select_files(std::vector<CompileCommand> commands, const std::vector<std::string>& files);

bool is_header(const std::string& file);  // by its name

// A file with the given flags, for `reftally lint FILE -- FLAGS`.
CompileCommand compile_command_for(const std::string& file, const std::vector<std::string>& flags);

std::vector<std::string> split_command(std::string_view line);

}  // namespace reftally::lint
