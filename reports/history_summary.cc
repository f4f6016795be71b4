#include "reports/history_summary.h"

#include <algorithm>
#include <map>

#include "reports/count_history.h"

namespace reftally {
namespace {

struct Life {  // of the latest object at an address
  CountEvent first, last;
};

// What it ends with are the lives of those that have not died.
std::map<uint64_t, Life> follow(const Image& image, HistorySummary& summary) {
  std::map<uint64_t, Life> lives;
  std::map<uint32_t, uint64_t> elsewhere;  // deaths by stack of the last release
  for (const dump::HistoryEvent& record : image.declared.history) {
    const CountEvent event{&record};
    if (event.is_birth()) lives.erase(record.object);
    Life& life = lives.try_emplace(record.object, Life{event, event}).first->second;
    life.last = event;
    if (!event.is_death()) continue;
    summary.died++;
    if (life.first.record->thread != record.thread) {
      summary.died_elsewhere++;
      elsewhere[record.stack]++;
    }
    lives.erase(record.object);
  }
  const auto most = std::max_element(elsewhere.begin(), elsewhere.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != elsewhere.end()) summary.last_release = StackId{most->first};
  return lives;
}

}  // namespace

HistorySummary summarize_history(const Image& image, const Heap& heap, std::span<const ObjectId> objects) {
  HistorySummary summary;
  const std::map<uint64_t, Life> lives = follow(image, summary);
  for (ObjectId object : objects) {
    const uint64_t begin = heap.address[index(object)], size = heap.size[index(object)];
    const auto life = lives.lower_bound(begin);
    if (life == lives.end() || life->first - begin >= std::max<uint64_t>(size, 1)) continue;
    summary.objects++;
    const double alone = life->second.last.seconds_before(image);
    if (2 * alone <= life->second.first.seconds_before(image)) continue;
    summary.left_alone++;
    summary.longest = std::max(summary.longest, alone);
  }
  return summary;
}

}  // namespace reftally
