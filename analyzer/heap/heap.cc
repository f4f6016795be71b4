#include "analyzer/heap/heap.h"

#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/base/huge_pages.h"

namespace reftally {

std::string Heap::element_text(uint64_t reference) const {
  const uint32_t at = element[reference];
  if (at == kNoElement) return {};
  if ((at & kElementText) == 0) return std::to_string(at);
  return '"' + std::string(strings[StringId{at & ~kElementText}]) + '"';
}

HeapBuilder::HeapBuilder() : references_(1) {
  heap_.types.emplace_back();
  heap_.labels.emplace_back();
}

void HeapBuilder::expect_objects(size_t count) {
  const size_t all = object_count() + count;
  for (auto* column : {&heap_.address, &heap_.size}) reserve_column(*column, all);
  for (auto* column : {&heap_.strong_count, &heap_.weak_count}) reserve_column(*column, all);
  for (auto* column : {&heap_.birth_order, &heap_.flags}) reserve_column(*column, all);
  reserve_column(heap_.type, all);
  reserve_column(heap_.flavour, all);
  reserve_column(heap_.birth_stack, all);
  reserve_column(heap_.note, all);
}

ObjectId HeapBuilder::add_object(const Object& object) {
  require(object_count() < index(kNoObject), "fewer than 2^32 - 1 objects");
  const ObjectId id{object_count()};
  heap_.address.push_back(object.address);
  heap_.size.push_back(object.size);
  heap_.type.push_back(object.type);
  heap_.flavour.push_back(object.flavour);
  heap_.strong_count.push_back(object.strong_count);
  heap_.weak_count.push_back(object.weak_count);
  heap_.birth_stack.push_back(object.birth_stack);
  heap_.birth_order.push_back(object.birth_order);
  heap_.flags.push_back(object.flags);
  heap_.note.push_back(object.note);
  if (object.event_balance != 0) set_event_balance(id, object.event_balance);
  if (object.open_acquires != 0) event_row(heap_.open_acquires, id) = object.open_acquires;
  return id;
}

void HeapBuilder::add_reference(const Reference& reference) {
  References& last = references_.back();
  if (reference.acquired != StackId{})
    while (last.acquired.size() < last.rows.size()) last.acquired.push_back(StackId{});
  last.rows.push_back(ReferenceRow{reference.from, reference.to, reference.element, reference.label, reference.kind,
                                   reference.certainty});
  if (reference.acquired != StackId{} || !last.acquired.empty()) last.acquired.push_back(reference.acquired);
}

void HeapBuilder::add_references(References references) {
  require(references.acquired.empty() || references.acquired.size() == references.rows.size(),
          "a call stack for each reference");
  references_.push_back(std::move(references));
  references_.emplace_back();
}

void HeapBuilder::add_root(const HeapRoot& root) { roots_.push_back(root); }
StringId HeapBuilder::intern(std::string_view text) { return heap_.strings.intern(text); }

int64_t& HeapBuilder::event_row(std::vector<int64_t>& column, ObjectId id) {
  if (column.size() <= index(id)) column.resize(std::max<size_t>(object_count(), index(id) + size_t{1}));
  return column[index(id)];
}

void HeapBuilder::set_events(bool lost, bool only_hooks_told) {
  heap_.has_events = true;
  heap_.only_hooks_told = only_hooks_told;
  heap_.events_lost = lost;
}

void HeapBuilder::set_block_totals(uint64_t count, uint64_t bytes) {
  heap_.block_count = count;
  heap_.block_bytes = bytes;
}

TypeId HeapBuilder::add_type(std::string_view name, std::string_view location, uint32_t flags) {
  if (name.empty()) return TypeId{};
  const StringId name_id = intern(name), location_id = intern(location);
  const uint64_t key = uint64_t{index(name_id)} << 32 | index(location_id);
  auto [found, fresh] = type_ids_.try_emplace(key, TypeId{static_cast<uint32_t>(heap_.types.size())});
  if (fresh) heap_.types.push_back({name_id, location_id, 0, {}});
  heap_.types[index(found->second)].flags |= flags;
  return found->second;
}

LabelId HeapBuilder::add_label(std::string_view owner, std::string_view path, std::string_view location,
                               uint32_t flags) {
  if (owner.empty() && path.empty() && location.empty() && flags == 0) return LabelId{};
  std::string key;
  for (std::string_view part : {owner, path, location}) key.append(part).push_back('\0');
  key.push_back(static_cast<char>(flags));
  auto [found, fresh] = label_ids_.try_emplace(std::move(key), LabelId{static_cast<uint32_t>(heap_.labels.size())});
  require(index(found->second) >> kLabelBits == 0, "fewer than 2^28 names of references");
  if (fresh) heap_.labels.push_back({intern(owner), intern(path), intern(location), flags});
  return found->second;
}

// Counting sort by referrer: linear, and it keeps the order in which one referrer's references came.
void HeapBuilder::sort_references() {
  const size_t objects = object_count();
  std::vector<uint64_t>& offsets = heap_.references.offsets;
  assign_column(offsets, objects + 1, uint64_t{0});
  size_t references = 0;
  for (const References& some : references_) {
    references += some.rows.size();
    for (const ReferenceRow& reference : some.rows) {
      require(index(reference.from) < objects && index(reference.to) < objects, "references between known objects");
      offsets[index(reference.from) + 1]++;
    }
  }
  for (size_t i = 0; i < objects; i++) offsets[i + 1] += offsets[i];
  assign_column(heap_.referent, references, kNoObject);
  assign_column(heap_.label, references, LabelId{});
  assign_column(heap_.element, references, kNoElement);
  assign_column(heap_.kind, references, ReferenceKind::kRaw);
  assign_column(heap_.certainty, references, Certainty::kConservative);
  if (heap_.has_events) assign_column(heap_.acquired, references, StackId{});
  for (References& some : references_) {
    size_t i = 0;
    std::move(some.rows).consume([&](const ReferenceRow& reference) {
      const uint64_t row = offsets[index(reference.from)]++;
      heap_.referent[row] = reference.to;
      heap_.label[row] = reference.label;
      heap_.element[row] = reference.element;
      heap_.kind[row] = reference.kind;
      heap_.certainty[row] = reference.certainty;
      if (heap_.has_events && !some.acquired.empty()) heap_.acquired[row] = some.acquired[i];
      i++;
    });
    some = {};
  }
  // Each offset has become its row's end, which is where the next one begins.
  std::copy_backward(offsets.begin(), offsets.end() - 1, offsets.end());
  offsets[0] = 0;
}

Heap HeapBuilder::build() && {
  const size_t objects = object_count();
  if (heap_.has_events) {
    heap_.event_balance.resize(objects);
    heap_.open_acquires.resize(objects);
  } else {
    heap_.event_balance.clear();
    heap_.open_acquires.clear();
  }
  sort_references();
  for (const HeapRoot& root : roots_) require(index(root.to) < objects, "roots of known objects");
  std::stable_sort(roots_.begin(), roots_.end(),
                   [](const HeapRoot& a, const HeapRoot& b) { return index(a.to) < index(b.to); });
  heap_.roots = std::move(roots_);
  std::stable_sort(heap_.tallies.begin(), heap_.tallies.end(),
                   [](const HeapTally& a, const HeapTally& b) { return index(a.object) < index(b.object); });
  return std::move(heap_);
}

}  // namespace reftally
