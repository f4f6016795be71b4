// The one door to clang: a compile command in, facts out. Implemented in translation_unit*.cc.
#pragma once

#include <string>
#include <vector>

#include "analyzer/lint/facts.h"

namespace reftally::lint {

struct CompileCommand {
  std::string directory, file;         // absolute
  std::vector<std::string> arguments;  // compiler first, response files expanded
};

// Names that the built-in tables do not know; from --strong and its like.
struct SmartPointerNames {
  std::vector<std::string> strong, weak, unique, callable;  // qualified, without inline namespaces
};

struct ExtractOptions {
  std::string resource_dir;
  SmartPointerNames names;
  std::vector<std::string> exclude;  // path prefixes whose code is not the project's
  bool bodies = true;                // off: records only
  bool layouts = false;              // also how types lie in memory, for the type map
};

// Parses one translation unit in this process: may crash, may use much memory; run it in a worker. `precompiled`: a
// file that precompile() wrote for a command with the same flags, or empty.
Facts extract_facts(const CompileCommand& command, const ExtractOptions& options, const std::string& precompiled);

// Parses the header that this command names, and writes what clang knows then. Returns the files that were read. Throws
// Error when there are errors in them.
std::vector<std::string> precompile(const CompileCommand& command, const ExtractOptions& options,
                                    const std::string& precompiled);

}  // namespace reftally::lint
