#include <fmt/format.h>

#include "analyzer/cli/command.h"
#include "analyzer/cli/installed.h"

namespace reftally {

RunCommand prepare_cxxflags(CLI::App& parser) {
  parser.footer("Example: make CXXFLAGS=\"-O2 -g $(reftally cxxflags)\" && reftally run -- ./app");
  return [] {
    fmt::print("-isystem {}\n", installed_file("overlay", "the header overlay").string());
    return kExitClean;
  };
}

}  // namespace reftally
