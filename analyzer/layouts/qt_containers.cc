// Qt's other containers. Qt 5's QList and QHash have data that no type tells of, for it stands in a union: while one
// container alone has it, it is that one's storage; while copies share it, it is read word by word. QMap's and Qt 6's
// data is an object with a count, as QVector's is.
#include <algorithm>
#include <array>
#include <vector>

#include "analyzer/layouts/alignment.h"
#include "analyzer/layouts/keys.h"
#include "analyzer/layouts/layouts.h"
#include "analyzer/layouts/plans.h"

namespace reftally {

namespace {

std::optional<uint32_t> int_at(const Walker& walker, uint64_t address) {
  const std::optional<uint64_t> word = walker.word(address & ~uint64_t{7});
  if (!word) return std::nullopt;
  return static_cast<uint32_t>(*word >> 8 * (address % 8));
}

const Type* pointee_of(const std::optional<MemberPlace>& pointer) {
  return pointer && pointer->type && pointer->type->kind == Type::Kind::kPointer ? pointer->type->target : nullptr;
}

// What the container's pointer leads to; 0 where it is empty data that all containers have, or shared, which is said. A
// count of 0 is one that the dump left out, beside a number of elements that is no small one.
uint64_t data_alone(Walker& walker, const Value& value, uint64_t pointer, uint64_t count) {
  constexpr uint32_t kStatic = 0xffffffff, kAlone = 1;
  const std::optional<uint64_t> data = walker.word(pointer);
  const std::optional<uint32_t> references = data ? int_at(walker, *data + count) : std::nullopt;
  if (references == kStatic) return 0;
  if (references == kAlone) return *data;
  walker.give_up(value);
  return 0;
}

// ---- QList of Qt 5: { ref, alloc, begin, end, void* array[] }; what is larger than a pointer has a block of its own

void walk_list(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t pointer = value.address + plan.offsets[0];
  const uint64_t data = data_alone(walker, value, pointer, plan.offsets[1]);
  if (data == 0) return;
  const auto allocated = int_at(walker, data + plan.offsets[2]), begin = int_at(walker, data + plan.offsets[3]),
             end = int_at(walker, data + plan.offsets[4]);
  const uint64_t array = data + plan.offsets[5];
  if (!allocated || !begin || !end || *begin > *end || *end > *allocated ||
      !walker.in_one_piece(data, array + 8 * uint64_t{*allocated}))
    return walker.give_up(value);
  if (!walker.visitor().take(pointer)) return;
  walker.visitor().storage(data);
  const PathId path = walker.paths().element(value.path, plan.element);
  for (uint32_t i = *begin; i < *end; ++i) {
    const uint64_t slot = array + 8 * uint64_t{i};
    if (!plan.flag) {
      walker.push(plan.element, slot, path, i - *begin);
      continue;
    }
    const uint64_t element = walker.word(slot).value_or(0);
    if (!walker.in_one_piece(element, element + plan.element->size) || !walker.visitor().take(slot)) continue;
    walker.visitor().storage(element);
    walker.push(plan.element, element, path, i - *begin);
  }
}

bool is_list_of_qt5(const Type& type) {
  const Type* const data = pointee_of(find_member(type, {"d"}));
  return data && find_member(*data, {"array"});
}

// Where a class of 8 bytes stands the program says (Q_DECLARE_TYPEINFO), and debug information does not.
bool plan_list(const Type& type, Plan& plan) {
  const auto pointer = find_member(type, {"d"});
  const Type& data = *pointer->type->target;
  plan.offsets[0] = pointer->offset;
  size_t at = 1;
  for (const char* name : {"ref", "alloc", "begin", "end", "array"}) {
    const auto member = find_member(data, {name});
    if (!member) return false;
    plan.offsets[at++] = member->offset;
  }
  plan.element = type.template_arguments.empty() ? nullptr : type.template_arguments[0];
  if (!plan.element || plan.element->size == 0) return false;
  plan.flag = plan.element->size > 8;
  plan.walk = walk_list;
  return plan.flag || plan.element->kind != Type::Kind::kClass;
}

// ---- QList of Qt 6: { { data, begin, size } }, where the data says how much it has room for, and no more

void walk_view(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t begin_at = value.address + plan.offsets[1];
  const auto data = walker.word(value.address + plan.offsets[0]), begin = walker.word(begin_at),
             size = walker.word(value.address + plan.offsets[2]);
  if (!data || !begin || !size) return walker.give_up(value);
  walker.push(plan.alternatives[0], value.address + plan.offsets[4], value.path, value.index);
  const uint64_t element = plan.element->size;
  if (*data == 0 || *size > (~uint64_t{0} - *begin) / element) return;
  if (!walker.in_one_piece(*begin, *begin + *size * element)) return;
  walker.visitor().take(begin_at);
  walker.visitor().elements(*data + plan.offsets[3], *plan.element, *begin, *size);
}

bool is_list_of_qt6(const Type& type) {
  const Type* const data = pointee_of(find_member(type, {"d", "d"}));
  return data && find_member(*data, {"ref_"}) && find_member(type, {"d", "ptr"}) && find_member(type, {"d", "size"});
}

bool plan_view(const Type& type, Plan& plan) {
  const auto pointer = find_member(type, {"d"}), data = find_member(type, {"d", "d"});
  plan.offsets[0] = data->offset;
  plan.offsets[1] = find_member(type, {"d", "ptr"})->offset;
  plan.offsets[2] = find_member(type, {"d", "size"})->offset;
  plan.offsets[3] = find_member(*data->type->target, {"ref_"})->offset;
  plan.offsets[4] = pointer->offset;
  plan.alternatives = {pointer->type};
  plan.element = type.template_arguments.empty() ? nullptr : type.template_arguments[0];
  plan.walk = walk_view;
  return plan.element && plan.element->size != 0;
}

// ---- QHash of Qt 5: { fakeNext, buckets, ref, …, numBuckets }; the last node of a bucket leads back to the data

void push_key_and_value(Walker& walker, const Plan& plan, const Value& container, uint64_t node) {
  const Type *const key = plan.alternatives[0], *const mapped = plan.alternatives[1];
  const uint64_t at = node + plan.offsets[4];
  walker.push(key, at, walker.paths().key(container.path));
  walker.push(mapped, node + plan.offsets[5], walker.paths().element(container.path, mapped),
              index_of_key(walker, *key, at));
}

bool plan_key_and_value(const Type& node, Plan& plan) {
  const auto key = find_member(node, {"key"}), value = find_member(node, {"value"});
  if (!key || !value || !key->type || !value->type) return false;
  plan.alternatives = {key->type, value->type};
  plan.offsets[4] = key->offset;
  plan.offsets[5] = value->offset;
  return true;
}

void walk_bucket(Walker& walker, const Plan& plan, const Value& value, uint64_t node, uint64_t data) {
  while (node != 0 && node != data) {
    const std::optional<uint64_t> next = walker.word(node);
    if (!next || !walker.visitor().take(node)) return;
    walker.visitor().storage(node);
    push_key_and_value(walker, plan, value, node);
    node = *next;
  }
}

// Their number stands beside a random one, so that mostly a dump has neither.
uint64_t bucket_count(const Walker& walker, uint64_t number_at, uint64_t buckets) {
  if (const std::optional<uint32_t> number = int_at(walker, number_at); number.value_or(0) != 0) return *number;
  const uint32_t block = walker.image().block_at(buckets);
  if (block == Image::kNoBlock || !walker.image().sizes_are_exact) return 0;
  return walker.image().blocks[block].address == buckets ? walker.image().blocks[block].size / 8 : 0;
}

void walk_hash(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t pointer = value.address + plan.offsets[0];
  const uint64_t data = data_alone(walker, value, pointer, plan.offsets[1]);
  if (data == 0) return;
  const uint64_t buckets = walker.word(data + plan.offsets[2]).value_or(0);
  const uint64_t count = bucket_count(walker, data + plan.offsets[3], buckets);
  const bool sound = count != 0 ? walker.in_one_piece(buckets, buckets + 8 * count) : buckets == 0;
  if (!sound) return walker.give_up(value);
  if (!walker.visitor().take(pointer)) return;
  walker.visitor().storage(data);
  if (count != 0) walker.visitor().storage(buckets);
  for (uint64_t i = 0; i < count; ++i) walk_bucket(walker, plan, value, walker.word(buckets + 8 * i).value_or(0), data);
}

bool is_hash_of_qt5(const Type& type) {
  const Type* const data = pointee_of(find_member(type, {"d"}));
  return data && find_member(*data, {"fakeNext"}) && pointee_of(find_member(type, {"e"}));
}

bool plan_hash(const Type& type, Plan& plan) {
  const auto pointer = find_member(type, {"d"});
  const Type& data = *pointer->type->target;
  const auto count = find_member(data, {"ref"}), buckets = find_member(data, {"buckets"}),
             bucket_count = find_member(data, {"numBuckets"});
  if (!count || !buckets || !bucket_count) return false;
  plan.offsets[0] = pointer->offset;
  plan.offsets[1] = count->offset;
  plan.offsets[2] = buckets->offset;
  plan.offsets[3] = bucket_count->offset;
  plan.walk = walk_hash;
  return plan_key_and_value(*pointee_of(find_member(type, {"e"})), plan);
}

// ---- QMapData of Qt 5: { ref, size, header, mostLeftNode }, nodes { parent and colour, left, right, key, value }

void walk_map_data(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t left_at = plan.offsets[1], right_at = plan.offsets[2], root_at = value.address + plan.offsets[0];
  const std::optional<uint64_t> root = walker.word(root_at + left_at);
  if (!root) return walker.give_up(value);
  if (*root == 0 || !walker.visitor().take(root_at + left_at)) return;
  walker.visitor().take(value.address + plan.offsets[3]);
  constexpr uint64_t kParent = 0;  // and colour
  walk_tree_nodes(walker, *root, {left_at, right_at, kParent},
                  [&](uint64_t node) { push_key_and_value(walker, plan, value, node); });
}

bool is_map_of_qt5(const Type& type) {
  return find_member(type, {"header", "left"}) && type.template_arguments.size() >= 2;
}

bool plan_map_data(const Type& type, Plan& plan) {
  const auto header = find_member(type, {"header"}), first = find_member(type, {"mostLeftNode"});
  const auto left = find_member(*header->type, {"left"}), right = find_member(*header->type, {"right"});
  const Type *const key = type.template_arguments[0], *const mapped = type.template_arguments[1];
  if (!first || !left || !right || !key || !mapped || key->size == 0 || mapped->size == 0) return false;
  plan.offsets[0] = header->offset;
  plan.offsets[1] = left->offset;
  plan.offsets[2] = right->offset;
  plan.offsets[3] = first->offset;
  plan.offsets[4] = round_up(header->type->size, alignment_of(*key));
  plan.offsets[5] = round_up(plan.offsets[4] + key->size, alignment_of(*mapped));
  plan.alternatives = {key, mapped};
  plan.walk = walk_map_data;
  return true;
}

// ---- QHash of Qt 6: data with spans of 128 buckets { offsets[], entries, allocated, next free }; a free entry begins
// with the number of the next one. Which are free is read from that chain: of the offsets a dump has few.

constexpr uint64_t kBuckets = 128;

// Nothing where the chain is not there as a whole. What a dump left out reads as 0, and so a link of 0 may be none.
std::optional<std::vector<bool>> used_entries(const Walker& walker, uint64_t entries, uint64_t size, uint64_t allocated,
                                              uint64_t free) {
  std::vector<bool> used(allocated, true);
  while (free != allocated) {
    const std::optional<uint64_t> link = walker.word(entries + free * size);
    if (free > allocated || !used[free] || link.value_or(0) == 0) return std::nullopt;
    used[free] = false;
    free = *link & 0xff;
  }
  return used;
}

struct HashSpan {
  uint64_t at, entries;
  std::vector<bool> used;
};

std::optional<HashSpan> read_span(const Walker& walker, const Plan& plan, uint64_t at) {
  const uint64_t entries_at = at + plan.offsets[3], size = plan.element->size;
  const auto entries = walker.word(entries_at), numbers = walker.word(entries_at + 8);
  if (!entries || !numbers) return std::nullopt;
  if (*entries == 0) return HashSpan{at, 0, {}};
  const uint64_t allocated = *numbers & 0xff, free = *numbers >> 8 & 0xff;
  if (allocated > kBuckets || !walker.in_one_piece(*entries, *entries + allocated * size)) return std::nullopt;
  auto used = used_entries(walker, *entries, size, allocated, free);
  if (!used) return std::nullopt;
  return HashSpan{at, *entries, *std::move(used)};
}

// Only if they have as many elements as the container says.
std::vector<HashSpan> read_spans(const Walker& walker, const Plan& plan, const Value& value, uint64_t first) {
  const auto buckets = walker.word(value.address + plan.offsets[1]),
             size = walker.word(value.address + plan.offsets[2]);
  const uint64_t span_size = plan.alternatives[2]->size;
  if (!buckets || !size || *buckets >= uint64_t{1} << 40) return {};
  const uint64_t count = (*buckets + kBuckets - 1) / kBuckets;
  if (!walker.in_one_piece(first, first + count * span_size)) return {};
  std::vector<HashSpan> spans;
  uint64_t used = 0;
  for (uint64_t i = 0; i < count; ++i) {
    std::optional<HashSpan> span = read_span(walker, plan, first + i * span_size);
    if (!span) return {};
    used += static_cast<uint64_t>(std::count(span->used.begin(), span->used.end(), true));
    spans.push_back(*std::move(span));
  }
  return used == *size ? std::move(spans) : std::vector<HashSpan>{};
}

void walk_hash_data(Walker& walker, const Plan& plan, const Value& value) {
  constexpr uint64_t kCookie = 8;  // of new Span[n]
  const uint64_t spans_at = value.address + plan.offsets[0];
  const uint64_t first = walker.word(spans_at).value_or(0);
  const std::vector<HashSpan> spans = read_spans(walker, plan, value, first);
  if (spans.empty()) return walker.give_up(value);
  if (!walker.visitor().take(spans_at)) return;
  walker.visitor().storage(first - kCookie);
  for (const HashSpan& span : spans) {
    if (span.entries == 0 || !walker.visitor().take(span.at + plan.offsets[3])) continue;
    walker.visitor().storage(span.entries);
    for (uint64_t i = 0; i < span.used.size(); ++i)
      if (span.used[i]) push_key_and_value(walker, plan, value, span.entries + i * plan.element->size);
  }
}

bool plan_hash_data(const Type& type, Plan& plan) {
  const auto spans = find_member(type, {"spans"}), buckets = find_member(type, {"numBuckets"}),
             size = find_member(type, {"size"});
  const Type* const span = pointee_of(spans);
  if (!span || !buckets || !size || type.template_arguments.empty()) return false;
  const auto entries = find_member(*span, {"entries"}), allocated = find_member(*span, {"allocated"}),
             free = find_member(*span, {"nextFree"}), key = find_member(*type.template_arguments[0], {"key"}),
             mapped = find_member(*type.template_arguments[0], {"value"});  // none in a QSet
  if (!entries || !allocated || !free || !key) return false;
  plan.element = type.template_arguments[0];
  plan.alternatives = {key->type, mapped ? mapped->type : nullptr, span};
  plan.offsets[0] = spans->offset;
  plan.offsets[1] = buckets->offset;
  plan.offsets[2] = size->offset;
  plan.offsets[3] = entries->offset;
  plan.offsets[4] = key->offset;
  plan.offsets[5] = mapped ? mapped->offset : 0;
  plan.walk = walk_hash_data;
  return plan.element->size != 0 && allocated->offset == entries->offset + 8 && free->offset == entries->offset + 9;
}

constexpr std::array kLayouts = {
    Layout{"", "QList", plan_list, is_list_of_qt5}, Layout{"", "QList", plan_view, is_list_of_qt6},
    Layout{"", "QHash", plan_hash, is_hash_of_qt5}, Layout{"", "QMapData", plan_map_data, is_map_of_qt5},
    Layout{"QHashPrivate", "Data", plan_hash_data},
};

}  // namespace

std::span<const Layout> qt_container_layouts() { return kLayouts; }

}  // namespace reftally
