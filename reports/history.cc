#include "reports/history.h"

#include <algorithm>
#include <tuple>

namespace reftally {
namespace {

constexpr size_t kMostTypes = 12;

Tally tally_of(const SnapshotState& state, const std::string& type) {
  const auto found = state.types.find(type);
  return found == state.types.end() ? Tally{} : found->second;
}

// By what the last snapshot has more than the first: bytes, then objects. Who has less is left out.
std::vector<ReportTypeHistory> grown_types(std::span<const SnapshotState> snapshots) {
  struct Grown {
    int64_t bytes, objects;
    const std::string* type;
  };
  std::vector<Grown> order;
  for (const auto& [type, last] : snapshots.back().types) {
    const Tally first = tally_of(snapshots.front(), type);
    const Grown grown{static_cast<int64_t>(last.bytes - first.bytes),
                      static_cast<int64_t>(last.objects - first.objects), &type};
    if (grown.bytes > 0 || grown.objects > 0) order.push_back(grown);
  }
  std::sort(order.begin(), order.end(), [](const Grown& a, const Grown& b) {
    return std::tie(b.bytes, b.objects, *a.type) < std::tie(a.bytes, a.objects, *b.type);
  });
  if (order.size() > kMostTypes) order.resize(kMostTypes);
  std::vector<ReportTypeHistory> types;
  for (const Grown& grown : order) {
    ReportTypeHistory& row = types.emplace_back();
    row.type = grown.type->empty() ? "unknown" : *grown.type;
    for (const SnapshotState& snapshot : snapshots) {
      const Tally tally = tally_of(snapshot, *grown.type);
      row.objects.push_back(tally.objects);
      row.bytes.push_back(tally.bytes);
    }
  }
  return types;
}

}  // namespace

ReportHistory build_history(std::span<const SnapshotState> snapshots) {
  ReportHistory history;
  history.one_process = history.has_collector = true;
  for (const SnapshotState& state : snapshots) {
    ReportSnapshot& snapshot = history.snapshots.emplace_back();
    snapshot.file = state.file;
    snapshot.seconds = static_cast<double>(state.nanoseconds) / 1e9;
    snapshot.objects = state.objects.objects;
    snapshot.bytes = state.objects.bytes;
    if (state.interpreter) snapshot.collector = sum_of_generations(*state.interpreter);
    history.one_process = history.one_process && state.pid == snapshots.front().pid;
    history.has_collector = history.has_collector && state.interpreter.has_value();
  }
  history.types = grown_types(snapshots);
  return history;
}

}  // namespace reftally
