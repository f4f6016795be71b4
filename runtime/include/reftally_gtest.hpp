// GoogleTest: to be included in one source file of the test program. Under `reftally run` a test that leaves a new
// cycle or leak fails.
#pragma once

#include <gtest/gtest.h>

#include "reftally_tests.hpp"

namespace reftally {

class GtestListener : public testing::EmptyTestEventListener {
 private:
  void OnTestEnd(const testing::TestInfo&) override {
    forget_stack();
    judge();
  }

  [[gnu::noinline]] void judge() {
    if (const std::string found = judge_.new_findings(); !found.empty()) ADD_FAILURE() << "it leaves behind\n" << found;
  }

  TestJudge judge_;
};

inline const bool listens_to_gtest = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new GtestListener);  // GoogleTest's from here
  return true;
}();

}  // namespace reftally
