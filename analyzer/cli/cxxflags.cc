#include <fmt/format.h>

#include "analyzer/cli/command.h"
#include "analyzer/cli/installed.h"

namespace reftally {

RunCommand prepare_cxxflags(CLI::App& parser) {
  parser.footer("Example: make CXXFLAGS=\"-O2 -g $(reftally cxxflags)\" && reftally run -- ./app");
  return [] {
    // A call that has become a jump is missing in the call stack that took a reference.
    fmt::print("-fno-optimize-sibling-calls -isystem {}\n", installed_file("overlay", "the header overlay").string());
    return kExitClean;
  };
}

}  // namespace reftally
