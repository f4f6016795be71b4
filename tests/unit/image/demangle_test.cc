#include <catch2/catch.hpp>

#include "analyzer/image/debug_types.h"

using namespace reftally;

TEST_CASE("a symbol is told as its source has it") {
  CHECK(demangle("_ZN3app4Node3runEi") == "app::Node::run(int)");
  CHECK(demangle("main") == "main");
}

TEST_CASE("of a symbol that the C++ library cannot read, its beginning is told") {
  // a lambda whose parameters are a pack of auto
  CHECK(demangle("_ZN3app4callIZNS_4makeIiJicEEEDaPFT_DpT0_EEUlDpOT_E_JicEEEDaRKS2_DpOS3_") == "app::call<…>");
  CHECK(demangle("_ZNK3app12_GLOBAL__N_14ImplIZNS_4makeIiJicEEEDaPFT_DpT0_EEUlDpOT_E_E3runEv") ==
        "app::(anonymous namespace)::Impl<…>");
  CHECK(demangle("_Znonsense") == "_Znonsense");
}

TEST_CASE("what LLVM adds to the names of copies it made is no part of them") {
  CHECK(demangle("_ZN3app4Node3runEi.llvm.15239594985870138047") == "app::Node::run(int)");
}
