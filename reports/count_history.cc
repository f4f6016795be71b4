#include "reports/count_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "reports/own_frames.h"
#include "reports/reference_text.h"

namespace reftally {
namespace {

// As in reftally.h.
enum What : uint32_t { kAcquire = 1, kRelease = 2, kReleaseLast = 3, kMove = 4, kBorn = 5 };

constexpr size_t kMostObjects = 40, kMostPoints = 400, kMostOpen = 100, kMostOfFinding = 6;

// Events of a count inside an object name the object, or the base of it that counts.
bool counts_inside(const Heap& heap, ObjectId object) {
  const FlavourId flavour = heap.flavour[index(object)];
  return flavour == FlavourId::kIntrusive || flavour == FlavourId::kDeclared;
}

std::vector<CountEvent> events_of(const Image& image, const Heap& heap, ObjectId object) {
  const uint64_t begin = heap.address[index(object)], size = std::max<uint64_t>(heap.size[index(object)], 1);
  const bool inside = counts_inside(heap, object);
  std::vector<CountEvent> events;
  for (const dump::HistoryEvent& record : image.declared.history) {
    if (inside ? record.object - begin >= size : record.object != begin) continue;
    if (record.what == kBorn) events.clear();
    events.push_back({&record});
    if (record.what == kReleaseLast) events.clear();  // of another object at this address
  }
  return events;
}

void count_back(std::vector<CountEvent>& events, int64_t count) {
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    event->after = count;
    count += event->gives() ? 1 : event->takes() ? -1 : 0;
    event->before = count;
  }
}

// A release is of the latest reference taken by its holder. Where holders are not told, nobody can say whose it was.
void match(std::vector<CountEvent>& events) {
  std::unordered_map<uint64_t, std::vector<size_t>> taken_by;
  for (size_t i = 0; i < events.size(); i++) {
    CountEvent& event = events[i];
    event.holder = event.record->holder;
    if (event.holder == 0) continue;
    std::vector<size_t>& taken = taken_by[event.holder];
    if (event.takes()) {
      taken.push_back(i);
    } else if (!taken.empty()) {
      const size_t partner = taken.back();
      taken.pop_back();
      if (event.gives()) {
        events[partner].partner = i;
        event.partner = partner;
      } else {
        events[partner].holder = event.record->next_holder;
        taken_by[event.record->next_holder].push_back(partner);
      }
    }
  }
}

std::vector<ObjectId> objects_with_history(const Image& image, const Heap& heap) {
  std::vector<uint64_t> places;
  for (const dump::HistoryEvent& record : image.declared.history) places.push_back(record.object);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::vector<ObjectId> objects;
  for (uint32_t i = 0; i < heap.object_count() && !places.empty(); i++) {
    if (!heap.is_counted(ObjectId{i})) continue;
    const auto first = std::lower_bound(places.begin(), places.end(), heap.address[i]);
    const uint64_t size = counts_inside(heap, ObjectId{i}) ? std::max<uint64_t>(heap.size[i], 1) : 1;
    if (first != places.end() && *first - heap.address[i] < size) objects.push_back(ObjectId{i});
  }
  return objects;
}

// Where there are more events than a picture has room for, a point stands for those of a slice of time.
std::vector<ReportCountPoint> points_of(const std::vector<CountEvent>& events, const Image& image) {
  const double span = events.front().seconds_before(image);
  const bool each = events.size() <= kMostPoints || span <= 0;
  std::vector<ReportCountPoint> points;
  size_t last_slice = 0;
  for (const CountEvent& event : events) {
    if (event.moves()) continue;
    const double seconds = event.seconds_before(image);
    const auto slice = static_cast<size_t>(std::clamp(1 - seconds / span, 0.0, 0.999999) * kMostPoints);
    if (points.empty() || each || slice != last_slice) points.push_back({seconds, event.before, event.before, 0});
    last_slice = slice;
    ReportCountPoint& point = points.back();
    point.least = std::min({point.least, event.before, event.after});
    point.most = std::max({point.most, event.before, event.after});
    point.after = event.after;
  }
  return points;
}

class Counts {
 public:
  Counts(const Image& image, const Heap& heap, const FramesOf& frames) : image_(image), heap_(heap), frames_(frames) {}

  std::optional<ReportCounts> of(ObjectId object) const {
    const std::vector<CountEvent> events = count_history(image_, heap_, object);
    if (events.empty()) return std::nullopt;
    ReportCounts counts;
    counts.type = type_text(heap_, object);
    counts.address = fmt::format("{:#x}", heap_.address[index(object)]);
    counts.first = events.front().before;
    counts.points = points_of(events, image_);
    for (const CountEvent& event : events) {
      if (event.moves()) continue;
      counts.pairs += event.takes() && event.partner;
      if (!event.partner) counts.open.push_back(told(event));
      if (event.gives()) counts.last_given = told(event);
    }
    if (counts.open.size() > kMostOpen) {
      counts.open_left_out = counts.open.size() - kMostOpen;
      counts.open.erase(counts.open.begin(), counts.open.begin() + static_cast<ptrdiff_t>(counts.open_left_out));
    }
    return counts;
  }

 private:
  ReportCountEvent told(const CountEvent& event) const {
    ReportCountEvent result{event.seconds_before(image_), event.record->thread, event.before, event.after, {}};
    if (frames_) result.frames = counting_frames(report_frames(frames_(StackId{event.record->stack})));
    return result;
  }

  const Image& image_;
  const Heap& heap_;
  const FramesOf& frames_;
};

}  // namespace

bool CountEvent::takes() const { return record->what == kAcquire || record->what == kBorn; }
bool CountEvent::gives() const { return record->what == kRelease; }
bool CountEvent::moves() const { return record->what == kMove; }
bool CountEvent::is_birth() const { return record->what == kBorn; }
bool CountEvent::is_death() const { return record->what == kReleaseLast; }

double CountEvent::seconds_before(const Image& image) const {
  return (static_cast<double>(image.process.snapshot_time_ns) - static_cast<double>(record->time_ns)) / 1e9;
}

std::vector<CountEvent> count_history(const Image& image, const Heap& heap, ObjectId object) {
  std::vector<CountEvent> events = events_of(image, heap, object);
  count_back(events, heap.strong_count[index(object)]);
  match(events);
  return events;
}

void add_counts(const Image& image, const Analysis& analysis, const FramesOf& frames, Report& report) {
  const std::vector<ObjectId> objects = objects_with_history(image, analysis.heap);
  if (objects.empty()) return;
  const Counts counts(image, analysis.heap, frames);
  std::unordered_map<uint32_t, uint32_t> row_of;
  auto add = [&](ObjectId object) {
    if (row_of.count(index(object)) != 0 || report.counts.size() >= kMostObjects) return;
    std::optional<ReportCounts> made = counts.of(object);
    if (!made) return;
    row_of.emplace(index(object), static_cast<uint32_t>(report.counts.size()));
    report.counts.push_back(std::move(*made));
  };
  for (size_t i = 0; i < report.findings.size(); i++) {
    std::vector<uint32_t>& rows = report.findings[i].counts;
    for (const std::vector<ObjectId>& instance : analysis.findings[i].instances)
      for (ObjectId object : instance) {
        if (rows.size() >= kMostOfFinding || !std::binary_search(objects.begin(), objects.end(), object)) continue;
        add(object);
        if (const auto row = row_of.find(index(object)); row != row_of.end()) rows.push_back(row->second);
      }
  }
  for (ObjectId object : objects) add(object);
  report.counts_left_out = objects.size() - report.counts.size();
}

}  // namespace reftally
