// Catch2, version 2 or 3: to be included in one source file of the test program; with version 2, in the one that
// defines CATCH_CONFIG_MAIN or CATCH_CONFIG_RUNNER, or before catch.hpp. Under `reftally run` a test case that leaves a
// new cycle or leak fails.
#pragma once

#if defined(CATCH_VERSION_MAJOR) && CATCH_VERSION_MAJOR >= 3
// catch_all.hpp or catch_amalgamated.hpp: all is there
#elif __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_test_macros.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#else
#ifndef CATCH_CONFIG_EXTERNAL_INTERFACES
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif
#include <catch2/catch.hpp>
#endif

#include "reftally_tests.hpp"

namespace reftally {

#if defined(CATCH_VERSION_MAJOR) && CATCH_VERSION_MAJOR >= 3
using Catch2ListenerBase = Catch::EventListenerBase;
#else
using Catch2ListenerBase = Catch::TestEventListenerBase;
#endif

// The outermost section of a test case is its function: at its end all that the test had is gone, and a failure is
// still the test's.
class Catch2Listener : public Catch2ListenerBase {
 public:
  using Catch2ListenerBase::Catch2ListenerBase;

  void sectionStarting(const Catch::SectionInfo& section) override {
    Catch2ListenerBase::sectionStarting(section);
    depth_++;
  }

  void sectionEnded(const Catch::SectionStats& section) override {
    Catch2ListenerBase::sectionEnded(section);
    if (--depth_ > 0) return;
    forget_stack();
    judge();
  }

 private:
  [[gnu::noinline]] void judge() {
    const std::string found = judge_.new_findings();
#ifdef CATCH_FAIL_CHECK
    if (!found.empty()) CATCH_FAIL_CHECK("it leaves behind\n" << found);
#else
    if (!found.empty()) FAIL_CHECK("it leaves behind\n" << found);
#endif
  }

  int depth_ = 0;
  TestJudge judge_;
};

CATCH_REGISTER_LISTENER(Catch2Listener)

}  // namespace reftally
