// What is told of a process over its snapshots.
#include "reports/history.h"

#include <catch2/catch.hpp>

using namespace reftally;

namespace {

SnapshotState snapshot(uint64_t seconds, std::map<std::string, Tally> types) {
  SnapshotState state;
  state.pid = 7;
  state.nanoseconds = seconds * 1'000'000'000;
  state.types = std::move(types);
  for (const auto& [type, tally] : state.types) {
    state.objects.objects += tally.objects;
    state.objects.bytes += tally.bytes;
  }
  return state;
}

}  // namespace

TEST_CASE("the type that grew by most bytes comes first, and what shrank is left out") {
  const std::vector<SnapshotState> states = {
      snapshot(1, {{"Session", {2, 200}}, {"Page", {5, 50}}, {"Task", {9, 900}}}),
      snapshot(2, {{"Session", {3, 300}}, {"Page", {6, 60}}, {"Task", {8, 800}}, {"Timer", {1, 1000}}})};
  const ReportHistory history = build_history(states);
  REQUIRE(history.types.size() == 3);
  CHECK(history.types[0].type == "Timer");
  CHECK(history.types[0].objects == std::vector<uint64_t>{0, 1});
  CHECK(history.types[1].type == "Session");
  CHECK(history.types[1].bytes == std::vector<uint64_t>{200, 300});
  CHECK(history.types[2].type == "Page");
}

TEST_CASE("a dozen types are told, however many grow") {
  std::map<std::string, Tally> types;
  for (int i = 0; i < 100; i++) types["Type" + std::to_string(i)] = {1, 100};
  CHECK(build_history(std::vector{snapshot(1, {}), snapshot(2, types)}).types.size() == 12);
}

TEST_CASE("snapshots tell their time and size; of several processes time tells nothing") {
  std::vector<SnapshotState> states = {snapshot(1, {{"A", {2, 200}}}), snapshot(4, {{"A", {5, 500}}})};
  ReportHistory history = build_history(states);
  CHECK(history.one_process);
  CHECK(history.snapshots[1].seconds == 4.0);
  CHECK(history.snapshots[1].objects == 5);
  CHECK(history.snapshots[1].bytes == 500);
  states[1].pid = 8;
  CHECK_FALSE(build_history(states).one_process);
}

TEST_CASE("a collector's backlog is told when every snapshot has one") {
  std::vector<SnapshotState> states = {snapshot(1, {}), snapshot(2, {})};
  InterpreterState interpreter;
  interpreter.generations[0].waiting = 3;
  interpreter.generations[2].waiting = 4;
  interpreter.generations[2].longest_nanoseconds = 9;
  states[1].interpreter = interpreter;
  CHECK_FALSE(build_history(states).has_collector);
  states[0].interpreter = InterpreterState{};
  const ReportHistory history = build_history(states);
  CHECK(history.has_collector);
  CHECK(history.snapshots[0].collector.waiting == 0);
  CHECK(history.snapshots[1].collector.waiting == 7);
  CHECK(history.snapshots[1].collector.longest_nanoseconds == 9);
}
