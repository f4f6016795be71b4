#include "reports/heap_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "analyzer/base/error.h"
#include "reports/escape.h"
#include "reports/names.h"
#include "reports/own_frames.h"
#include "reports/picture.h"
#include "reports/reference_text.h"

namespace reftally {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostRows = 100;   // holders, held, search results
constexpr size_t kMostPicked = 60;  // objects in a drawing
constexpr size_t kMostOnWay = 60;
constexpr uint64_t kNotEntered = ~uint64_t{0}, kByRoot = kNotEntered - 1;

std::string type_brief(const Heap& heap, uint32_t object) { return short_type(type_text(heap, ObjectId{object}), 80); }

Json object_row(const Heap& heap, const Retention& retention, uint32_t object) {
  return {{"id", object},
          {"type", type_brief(heap, object)},
          {"address", fmt::format("{:#x}", heap.address[object])},
          {"bytes", heap.size[object]},
          {"retained", retention.retained[object]},
          {"count", heap.strong_count[object]}};
}

Json reference_row(const Heap& heap, const Retention& retention, uint64_t row, uint32_t other) {
  Json json = object_row(heap, retention, other);
  json["member"] = printable(cut(member_name(heap, row, true), 300));
  json["kind"] = kind_name(heap.kind[row]);
  json["certainty"] = certainty_name(heap.certainty[row]);
  return json;
}

// Keeps those that retain most, in that order.
void keep_heaviest(std::vector<uint32_t>& objects, const Retention& retention, size_t most) {
  const auto heavier = [&](uint32_t a, uint32_t b) {
    return std::pair(retention.retained[b], a) < std::pair(retention.retained[a], b);
  };
  const size_t kept = std::min(objects.size(), most);
  std::partial_sort(objects.begin(), objects.begin() + static_cast<ptrdiff_t>(kept), objects.end(), heavier);
  objects.resize(kept);
}

CsrOffsets offsets_of(std::vector<uint64_t> counts) {  // counts[i + 1]: of row i
  for (size_t i = 1; i < counts.size(); i++) counts[i] += counts[i - 1];
  return CsrOffsets{std::move(counts)};
}

}  // namespace

HeapWalk::HeapWalk(const Analysis& analysis, FramesOf frames_of)
    : analysis_(analysis), heap_(analysis.heap), frames_(std::move(frames_of)), retention_(find_retention(analysis)) {
  const uint32_t count = heap_.object_count();
  std::vector<uint64_t> of_type(heap_.types.size() + 1, 0), to_object(count + size_t{1}, 0);
  for (TypeId type : heap_.type) of_type[index(type) + 1]++;
  for (ObjectId to : heap_.referent) to_object[index(to) + 1]++;
  by_type_ = offsets_of(std::move(of_type));
  referrers_ = offsets_of(std::move(to_object));
  of_type_.resize(count);
  referrer_rows_.resize(heap_.referent.size());
  std::vector<uint64_t> next_of_type(by_type_.offsets), next_to(referrers_.offsets);
  for (uint32_t i = 0; i < count; i++) of_type_[next_of_type[index(heap_.type[i])]++] = i;
  for (uint64_t row = 0; row < heap_.referent.size(); row++)
    referrer_rows_[next_to[index(heap_.referent[row])]++] = row;

  // Breadth first from the roots, so that every object knows a shortest way.
  entered_by_.assign(count, kNotEntered);
  std::vector<uint32_t> queue;
  for (const HeapRoot& root : heap_.roots)
    if (root.reference != ReferenceKind::kWeak && std::exchange(entered_by_[index(root.to)], kByRoot) == kNotEntered)
      queue.push_back(index(root.to));
  for (size_t head = 0; head < queue.size(); head++)
    for (uint64_t row = heap_.references.begin(queue[head]); row < heap_.references.end(queue[head]); row++) {
      const uint32_t to = index(heap_.referent[row]);
      if (entered_by_[to] != kNotEntered || !can_own(heap_, row)) continue;
      entered_by_[to] = row;
      queue.push_back(to);
    }
}

uint32_t HeapWalk::parse_id(const std::string& text) const {
  uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id >= heap_.object_count())
    throw Error("expected the number of an object");
  return id;
}

std::string HeapWalk::search(const std::string& query) const {
  Json answer = {{"types", Json::array()}, {"objects", Json::array()}};
  std::vector<uint32_t> found;
  if (uint64_t address = 0; query.starts_with("0x")) {
    std::from_chars(query.data() + 2, query.data() + query.size(), address, 16);
    for (uint32_t i = 0; i < heap_.object_count() && found.size() < kMostRows; i++)
      if (address - heap_.address[i] < std::max<uint64_t>(1, heap_.size[i])) found.push_back(i);
  } else {
    std::vector<uint32_t> types;
    for (uint32_t type = 0; type < heap_.types.size(); type++)
      if (by_type_.end(type) != by_type_.begin(type) &&
          heap_.text(heap_.types[type].name).find(query) != std::string_view::npos)
        types.push_back(type);
    std::stable_sort(types.begin(), types.end(), [this](uint32_t a, uint32_t b) {
      return by_type_.end(b) - by_type_.begin(b) < by_type_.end(a) - by_type_.begin(a);
    });
    for (size_t i = 0; i < types.size() && i < kMostRows; i++)
      answer["types"].push_back({{"type", short_type(heap_.text(heap_.types[types[i]].name), 80)},
                                 {"count", by_type_.end(types[i]) - by_type_.begin(types[i])}});
    for (size_t i = 0; i < types.size() && i < kMostRows; i++) {
      const std::vector<uint32_t> best = best_of_type(types[i]);
      found.insert(found.end(), best.begin(), best.end());
    }
    keep_heaviest(found, retention_, kMostRows);
  }
  for (uint32_t object : found) answer["objects"].push_back(object_row(heap_, retention_, object));
  return answer.dump();
}

std::vector<uint32_t> HeapWalk::best_of_type(uint32_t type) const {
  const auto objects = by_type_.slice(of_type_, type);
  std::vector<uint32_t> best(objects.begin(), objects.end());
  keep_heaviest(best, retention_, kMostRows);
  return best;
}

std::string HeapWalk::object(const std::string& text) const {
  const uint32_t id = parse_id(text);
  Json answer = object_row(heap_, retention_, id);
  if (heap_.is_counted(ObjectId{id}))
    answer["account"] = {heap_.strong_count[id], analysis_.accounts.heap_references[id],
                         analysis_.accounts.root_references[id], analysis_.accounts.remainder[id]};
  Json held = Json::array(), holders = Json::array(), above = Json::array(), below = Json::array(), way = Json::array(),
       born = Json::array();
  for (uint64_t row = heap_.references.begin(id); row < heap_.references.end(id) && held.size() < kMostRows; row++)
    held.push_back(reference_row(heap_, retention_, row, index(heap_.referent[row])));
  for (uint64_t row : referrers_.slice(referrer_rows_, id)
                          .first(std::min<size_t>(kMostRows, referrers_.end(id) - referrers_.begin(id))))
    holders.push_back(reference_row(heap_, retention_, row, index(referrer_of(heap_, row))));
  const auto roots = std::equal_range(heap_.roots.begin(), heap_.roots.end(), HeapRoot{ObjectId{id}, {}, {}, {}, {}},
                                      [](const HeapRoot& a, const HeapRoot& b) { return a.to < b.to; });
  answer["roots"] = Json::array();
  for (auto root = roots.first; root != roots.second; ++root)
    answer["roots"].push_back(printable(cut(heap_.text(root->name), 300)));
  for (uint32_t at = retention_.above[id]; at != Retention::kTop && above.size() < kMostOnWay;
       at = retention_.above[at])
    above.push_back(object_row(heap_, retention_, at));
  const auto children = retention_.below.slice(retention_.children, id);
  std::vector<uint32_t> heaviest(children.begin(), children.end());
  keep_heaviest(heaviest, retention_, kMostRows);
  for (uint32_t child : heaviest) below.push_back(object_row(heap_, retention_, child));
  for (uint64_t row = entered_by_[id]; row < kByRoot && way.size() < kMostOnWay;
       row = entered_by_[index(referrer_of(heap_, row))])
    way.push_back(reference_row(heap_, retention_, row, index(referrer_of(heap_, row))));
  for (const ReportFrame& frame : born_in(id)) born.push_back(frame_text(frame));
  answer["held"] = std::move(held);
  answer["held_count"] = heap_.references.end(id) - heap_.references.begin(id);
  answer["holders"] = std::move(holders);
  answer["holder_count"] = referrers_.end(id) - referrers_.begin(id);
  answer["dominators"] = std::move(above);
  answer["dominated"] = std::move(below);
  answer["way"] = std::move(way);
  answer["born"] = std::move(born);
  return answer.dump();
}

std::vector<ReportFrame> HeapWalk::born_in(uint32_t object) const {
  if (!frames_ || heap_.birth_stack[object] == StackId{}) return {};
  const std::lock_guard<std::mutex> one_at_a_time(frames_lock_);
  return own_frames(report_frames(frames_(heap_.birth_stack[object])));
}

std::string HeapWalk::dot_of(const std::vector<uint32_t>& objects) const {
  std::string dot =
      "digraph picked {\n  bgcolor=\"transparent\"; rankdir=TB; nslimit=2; nslimit1=2; mclimit=0.5;\n"
      "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=12];\n  edge "
      "[fontname=\"Helvetica\", fontsize=11];\n";
  for (uint32_t object : objects)
    dot += fmt::format(
        "  o{0} [id=\"walk-n{0}\", class=\"{1}\", label=<<B>{2}</B><BR/><FONT POINT-SIZE=\"10\">{3:#x}</FONT><BR/>"
        "<FONT POINT-SIZE=\"10\">{4}, retains {5}</FONT>>];\n",
        object, heap_.is_counted(ObjectId{object}) ? "path" : "held", escape_html(type_brief(heap_, object)),
        heap_.address[object], bytes_text(heap_.size[object]), bytes_text(retention_.retained[object]));
  size_t edges = 0;
  for (uint32_t from : objects)
    for (uint64_t row = heap_.references.begin(from); row < heap_.references.end(from) && edges < 2 * kMostPicked;
         row++) {
      const uint32_t to = index(heap_.referent[row]);
      if (!std::binary_search(objects.begin(), objects.end(), to)) continue;
      const char* style = heap_.kind[row] == ReferenceKind::kWeak ? "dashed" : can_own(heap_, row) ? "solid" : "dotted";
      dot += fmt::format("  o{} -> o{} [label=\"{}\", style={}];\n", from, to,
                         escape_dot(cut(path_text(heap_, row, true), 60)), style);
      edges++;
    }
  return dot + "}\n";
}

std::string HeapWalk::graph(const std::string& ids) const {
  std::vector<uint32_t> objects;
  for (size_t at = 0; at <= ids.size();) {
    const size_t end = std::min(ids.find(',', at), ids.size());
    objects.push_back(parse_id(ids.substr(at, end - at)));
    at = end + 1;
    if (objects.size() > kMostPicked) throw Error("too many objects for one drawing");
  }
  std::sort(objects.begin(), objects.end());
  objects.erase(std::unique(objects.begin(), objects.end()), objects.end());
  const std::lock_guard lock(graphviz_lock_);
  return Json{{"svg", svg_of_dot(graphviz_, {dot_of(objects)}).svg}}.dump();
}

}  // namespace reftally
