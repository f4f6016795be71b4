#include "analyzer/cli/history_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "reports/count_history.h"
#include "reports/history_summary.h"
#include "reports/names.h"

namespace reftally {

namespace {

class History {
 public:
  History(const Image& image, const Heap& heap, ObjectId object)
      : image_(image), events_(count_history(image, heap, object)) {}

  bool empty() const { return events_.empty(); }

  void print(bool with_pairs, const std::function<std::string(StackId)>& call_of) const {
    fmt::print("  history, seconds before the snapshot\n");
    print_plot();
    size_t pairs = 0;
    for (const CountEvent& event : events_) {
      pairs += event.takes() && event.partner;
      if (with_pairs || !event.partner) print_event(event, with_pairs, call_of);
    }
    if (pairs != 0 && !with_pairs)
      fmt::print("  {:>10}  {} reference{} taken and given back (--pairs tells them)\n", "", pairs,
                 pairs == 1 ? "" : "s");
    print_last_moment(call_of);
  }

 private:
  double seconds_ago(const CountEvent& event) const { return event.seconds_before(image_); }

  void print_event(const CountEvent& event, bool with_pairs, const std::function<std::string(StackId)>& call_of) const {
    const bool moves = event.moves();
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
    for (const CountEvent& event : events_) {
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
    const auto last =
        std::find_if(events_.rbegin(), events_.rend(), [](const CountEvent& event) { return event.gives(); });
    if (last == events_.rend()) return;
    fmt::print(
        "  it could have died {:.6f} s before the snapshot, when {} gave back one; since then kept by what is left",
        seconds_ago(*last), call_of(StackId{last->record->stack}));
    bool any = false;
    for (const CountEvent& event : events_) {
      if (!event.takes() || event.partner || event.record->holder == 0) continue;
      fmt::print("{} {}", any ? "," : ", taken by", call_of(StackId{event.record->stack}));
      any = true;
    }
    fmt::print("\n");
  }

  const Image& image_;
  std::vector<CountEvent> events_;
};

}  // namespace

void print_history(const Image& image, const Heap& heap, ObjectId object, bool with_pairs,
                   const std::function<std::string(StackId)>& call_of) {
  const History history(image, heap, object);
  if (!history.empty()) history.print(with_pairs, call_of);
}

void print_history_summary(const Image& image, const Heap& heap, std::span<const ObjectId> objects,
                           const std::function<std::string(StackId)>& call_of) {
  const HistorySummary summary = summarize_history(image, heap, objects);
  if (summary.left_alone != 0)
    fmt::print("of {} with a history {} left alone for more than half of {} time, for {:.3f} s at most\n",
               plural(summary.objects, "object"),
               summary.left_alone == 1 ? "1 has been" : count_text(summary.left_alone) + " have been",
               summary.left_alone == 1 ? "its" : "their", summary.longest);
  if (summary.died_elsewhere != 0)
    fmt::print(
        "of {} that died {} destroyed on another thread than the first that took a reference; most by a release in "
        "{}\n",
        plural(summary.died, "object"),
        summary.died_elsewhere == 1 ? "1 was" : count_text(summary.died_elsewhere) + " were",
        call_of(summary.last_release));
}

}  // namespace reftally
