#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "tests/support/rounds.h"

namespace reftally {
namespace {
int asked_rounds = 0;
}
int rounds(int usual) { return asked_rounds > 0 ? asked_rounds : usual; }
}  // namespace reftally

int main(int argc, char** argv) {
  Catch::Session session;
  using namespace Catch::clara;
  session.cli(session.cli() | Opt(reftally::asked_rounds, "rounds")["--rounds"]("random inputs of each random test"));
  const int failed = session.applyCommandLine(argc, argv);
  return failed != 0 ? failed : session.run();
}
