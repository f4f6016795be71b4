#include "analyzer/cli/history_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace reftally {

namespace {

// As in reftally.h.
enum What : uint32_t { kAcquire = 1, kRelease = 2, kReleaseLast = 3, kMove = 4, kBorn = 5 };

struct Event {
  const dump::HistoryEvent* record;
  int64_t before = 0, after = 0;  // strong count
  uint64_t holder = 0;            // of an acquire: who has the reference now
  std::optional<size_t> partner;  // the release of an acquire, and the other way round

  bool takes() const { return record->what == kAcquire || record->what == kBorn; }
  bool gives() const { return record->what == kRelease; }
};

class History {
 public:
  History(const Image& image, const Heap& heap, ObjectId object) : image_(image) {
    const uint64_t begin = heap.address[index(object)], size = std::max<uint64_t>(heap.size[index(object)], 1);
    const bool inside = heap.flavour[index(object)] == FlavourId::kIntrusive;
    for (const dump::HistoryEvent& record : image.declared.history) {
      if (inside ? record.object - begin >= size : record.object != begin) continue;
      if (record.what == kBorn) events_.clear();
      events_.push_back({&record});
      if (record.what == kReleaseLast) events_.clear();  // of another object at this address
    }
    count_back(heap.strong_count[index(object)]);
    for (size_t i = 0; i < events_.size(); ++i) match(i);
  }

  bool empty() const { return events_.empty(); }

  void print(bool with_pairs, const std::function<std::string(StackId)>& call_of) const {
    fmt::print("  history, seconds before the snapshot\n");
    print_plot();
    size_t pairs = 0;
    for (const Event& event : events_) {
      pairs += event.takes() && event.partner;
      if (with_pairs || !event.partner) print_event(event, with_pairs, call_of);
    }
    if (pairs != 0 && !with_pairs)
      fmt::print("  {:>10}  {} reference{} taken and given back (--pairs tells them)\n", "", pairs,
                 pairs == 1 ? "" : "s");
    print_last_moment(call_of);
  }

 private:
  double seconds_ago(const Event& event) const {
    return (static_cast<double>(image_.process.snapshot_time_ns) - static_cast<double>(event.record->time_ns)) / 1e9;
  }

  void count_back(int64_t count) {
    for (size_t i = events_.size(); i-- != 0;) {
      events_[i].after = count;
      count += events_[i].gives() ? 1 : events_[i].takes() ? -1 : 0;
      events_[i].before = count;
    }
  }

  // The latest reference taken by that holder. Where holders are not told, nobody can say whose it was.
  void match(size_t at) {
    Event& event = events_[at];
    event.holder = event.record->holder;
    if (event.takes() || event.holder == 0) return;
    for (size_t i = at; i-- != 0;) {
      Event& taken = events_[i];
      if (!taken.takes() || taken.partner || taken.holder != event.record->holder) continue;
      if (!event.gives()) {
        taken.holder = event.record->next_holder;
        return;
      }
      taken.partner = at;
      event.partner = i;
      return;
    }
  }

  void print_event(const Event& event, bool with_pairs, const std::function<std::string(StackId)>& call_of) const {
    const bool moves = event.record->what == kMove;
    if (moves && !with_pairs) return;
    const char* const what = moves ? "moved" : event.takes() ? "taken" : "given back";
    const std::string counts = moves ? std::string() : fmt::format("{} -> {}", event.before, event.after);
    fmt::print("  {:>10.6f}  thread {}  {:>8}  {:10}  {}\n", seconds_ago(event), event.record->thread, counts, what,
               call_of(StackId{event.record->stack}));
  }

  // The count over time, the highest of each slice; from the first event kept to the snapshot.
  void print_plot() const {
    constexpr size_t kColumns = 60;
    const double span = seconds_ago(events_.front());
    if (events_.size() < 4 || span <= 0) return;
    std::vector<int64_t> highest(kColumns, 0);
    size_t column = 0;
    int64_t count = events_.front().before;
    for (const Event& event : events_) {
      const auto at =
          static_cast<size_t>(std::clamp(1 - seconds_ago(event) / span, 0.0, 0.999) * static_cast<double>(kColumns));
      for (; column <= at; ++column) highest[column] = std::max(highest[column], count);
      column = at;
      count = event.after;
      highest[column] = std::max(highest[column], count);
    }
    for (++column; column < kColumns; ++column) highest[column] = count;
    const int64_t top = std::max<int64_t>(*std::max_element(highest.begin(), highest.end()), 1);
    fmt::print("  {:>10.6f}  ", span);
    for (int64_t value : highest) fmt::print("{}", bar(value, top));
    fmt::print("  0 s: the count, at most {}\n", top);
  }

  static const char* bar(int64_t value, int64_t top) {
    static constexpr const char* kBars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    return kBars[std::clamp<int64_t>((value * 8 + top - 1) / top, 0, 8)];
  }

  // From the last release on, only references that are still there have kept the object.
  void print_last_moment(const std::function<std::string(StackId)>& call_of) const {
    const auto last = std::find_if(events_.rbegin(), events_.rend(), [](const Event& event) { return event.gives(); });
    if (last == events_.rend()) return;
    fmt::print(
        "  it could have died {:.6f} s before the snapshot, when {} gave back one; since then kept by what is left",
        seconds_ago(*last), call_of(StackId{last->record->stack}));
    bool any = false;
    for (const Event& event : events_) {
      if (!event.takes() || event.partner || event.record->holder == 0) continue;
      fmt::print("{} {}", any ? "," : ", taken by", call_of(StackId{event.record->stack}));
      any = true;
    }
    fmt::print("\n");
  }

  const Image& image_;
  std::vector<Event> events_;
};

}  // namespace

void print_history(const Image& image, const Heap& heap, ObjectId object, bool with_pairs,
                   const std::function<std::string(StackId)>& call_of) {
  const History history(image, heap, object);
  if (!history.empty()) history.print(with_pairs, call_of);
}

}  // namespace reftally
