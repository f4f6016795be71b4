// oneTBB: what concurrent_vector, enumerable_thread_specific and the buckets of concurrent_unordered_map are made of.
// Element i stands at table[log2(i | 1)] + i, so all words of the table but the first ones lead to where no segment is.
#include <algorithm>
#include <array>

#include "analyzer/layouts/layouts.h"
#include "analyzer/layouts/plans.h"

namespace reftally {

namespace {

constexpr uint64_t kLongTable = 64, kLastSegment = 40, kFailed = 1;

struct SegmentTable {
  uint64_t begin = 0, segments = 0, size = 0, first_block = 0;  // first_block: segments that have one in common
};

struct Segment {
  uint64_t begin, first, count;  // address, and elements
};

std::optional<SegmentTable> segment_table(const Walker& walker, const Plan& plan, const Value& value) {
  const auto table = walker.word(value.address + plan.offsets[0]), size = walker.word(value.address + plan.offsets[1]);
  const auto first_block = walker.word(value.address + plan.offsets[2]);
  if (!table || !size || !first_block) return std::nullopt;
  const bool is_embedded = *table == value.address + plan.offsets[3];
  if (!is_embedded && !walker.in_one_piece(*table, *table + 8 * kLongTable)) return std::nullopt;
  return SegmentTable{*table, is_embedded ? plan.offsets[4] : kLongTable, *size, *first_block};
}

std::optional<Segment> segment_at(const Walker& walker, const Plan& plan, const SegmentTable& table, uint64_t number) {
  const uint64_t word = walker.word(table.begin + 8 * number).value_or(0);
  const uint64_t first = number == 0 ? 0 : uint64_t{1} << number, count = number == 0 ? 2 : first;
  if (word == kFailed || word == 0 || plan.element->size > (uint64_t{1} << 48) / count) return std::nullopt;
  const uint64_t begin = word + first * plan.element->size;
  if (!walker.in_one_piece(begin, begin + count * plan.element->size)) return std::nullopt;
  return Segment{begin, first, count};
}

void walk_segment(Walker& walker, const Plan& plan, const Value& value, const Segment& segment, uint64_t size) {
  if (!walker.has_references(plan.element) || size <= segment.first) return;
  const uint64_t count = std::min(segment.count, size - segment.first);
  for (uint64_t i = 0; i < count; ++i)
    push_entry(walker, plan, value, segment.begin + i * plan.element->size, static_cast<uint32_t>(segment.first + i));
}

// A segment that begins a cache line stands inside its block, and buckets are no elements: their blocks are told as
// pointed to.
void walk_segments(Walker& walker, const Plan& plan, const Value& value) {
  const std::optional<SegmentTable> table = segment_table(walker, plan, value);
  if (!table) return walker.give_up(value);
  if (!walker.visitor().take(value.address + plan.offsets[0])) return;
  walker.visitor().storage(table->begin);
  for (uint64_t number = 0; number < std::min(table->segments, kLastSegment); ++number) {
    const std::optional<Segment> segment = segment_at(walker, plan, *table, number);
    const uint64_t word = table->begin + 8 * number;
    if (!segment || !walker.visitor().take(word)) continue;
    const bool has_block = number == 0 || number >= table->first_block;
    const bool has_elements = table->size > segment->first;
    if (has_block && !(has_elements && walker.visitor().storage(segment->begin)))
      walker.visitor().pointer({plan.type, word, value.path}, segment->begin, nullptr, true);
    walk_segment(walker, plan, value, *segment, table->size);
  }
}

bool plan_segments(const Type& type, Plan& plan) {
  const auto table = find_member(type, {"my_segment_table"}), size = find_member(type, {"my_size"});
  const auto first_block = find_member(type, {"my_first_block"}), embedded = find_member(type, {"my_embedded_table"});
  if (!table || !size || !first_block || !embedded || !embedded->type || !plan_entries(type, plan, false)) return false;
  plan.offsets[0] = table->offset;
  plan.offsets[1] = size->offset;
  plan.offsets[2] = first_block->offset;
  plan.offsets[3] = embedded->offset;
  plan.offsets[4] = embedded->type->size / 8;
  plan.walk = walk_segments;
  return true;
}

constexpr std::array kLayouts = {
    Layout{"tbb::detail::d1", "segment_table", plan_segments},
};

}  // namespace

std::span<const Layout> tbb_layouts() { return kLayouts; }

}  // namespace reftally
