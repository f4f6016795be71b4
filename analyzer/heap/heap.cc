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

HeapBuilder::HeapBuilder() {
  heap_.types.emplace_back();
  heap_.labels.emplace_back();
}

ObjectId HeapBuilder::add_object(const Object& object) {
  require(objects_.size() < index(kNoObject), "fewer than 2^32 - 1 objects");
  objects_.push_back(object);
  return ObjectId{static_cast<uint32_t>(objects_.size() - 1)};
}

void HeapBuilder::add_reference(const Reference& reference) { references_.push_back(reference); }
void HeapBuilder::add_root(const HeapRoot& root) { roots_.push_back(root); }
StringId HeapBuilder::intern(std::string_view text) { return heap_.strings.intern(text); }
HeapBuilder::Object& HeapBuilder::object(ObjectId id) { return objects_[index(id)]; }
uint32_t HeapBuilder::object_count() const { return static_cast<uint32_t>(objects_.size()); }

void HeapBuilder::set_events(bool lost) {
  heap_.has_events = true;
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
  if (fresh) heap_.types.push_back({name_id, location_id, 0});
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
  if (fresh) heap_.labels.push_back({intern(owner), intern(path), intern(location), flags});
  return found->second;
}

namespace {

template <class Column, class Get>
void fill(Column& column, size_t size, Get get) {
  reserve_column(column, size);
  for (size_t i = 0; i < size; i++) column.push_back(get(i));
}

}  // namespace

Heap HeapBuilder::build() && {
  const size_t objects = objects_.size();
  auto object_column = [&](auto& column, auto member) {
    fill(column, objects, [&](size_t i) { return objects_[i].*member; });
  };
  object_column(heap_.address, &Object::address);
  object_column(heap_.size, &Object::size);
  object_column(heap_.type, &Object::type);
  object_column(heap_.flavour, &Object::flavour);
  object_column(heap_.strong_count, &Object::strong_count);
  object_column(heap_.weak_count, &Object::weak_count);
  object_column(heap_.birth_stack, &Object::birth_stack);
  object_column(heap_.birth_order, &Object::birth_order);
  object_column(heap_.flags, &Object::flags);
  object_column(heap_.note, &Object::note);
  if (heap_.has_events) {
    object_column(heap_.event_balance, &Object::event_balance);
    object_column(heap_.open_acquires, &Object::open_acquires);
  }
  objects_.release();

  // Counting sort by referrer: linear, and it keeps the order in which one referrer's references came.
  std::vector<uint64_t>& offsets = heap_.references.offsets;
  offsets.assign(objects + 1, 0);
  for (const Reference& reference : references_) {
    require(index(reference.from) < objects && index(reference.to) < objects, "references between known objects");
    offsets[index(reference.from) + 1]++;
  }
  for (size_t i = 0; i < objects; i++) offsets[i + 1] += offsets[i];
  std::vector<uint64_t> next(offsets.begin(), offsets.end() - 1);
  const size_t references = references_.size();
  assign_column(heap_.referent, references, kNoObject);
  assign_column(heap_.label, references, LabelId{});
  assign_column(heap_.element, references, kNoElement);
  assign_column(heap_.kind, references, ReferenceKind::kRaw);
  assign_column(heap_.certainty, references, Certainty::kConservative);
  if (heap_.has_events) assign_column(heap_.acquired, references, StackId{});
  for (const Reference& reference : references_) {
    const uint64_t row = next[index(reference.from)]++;
    heap_.referent[row] = reference.to;
    heap_.label[row] = reference.label;
    heap_.element[row] = reference.element;
    heap_.kind[row] = reference.kind;
    heap_.certainty[row] = reference.certainty;
    if (heap_.has_events) heap_.acquired[row] = reference.acquired;
  }
  for (const HeapRoot& root : roots_) require(index(root.to) < objects, "roots of known objects");
  std::stable_sort(roots_.begin(), roots_.end(),
                   [](const HeapRoot& a, const HeapRoot& b) { return index(a.to) < index(b.to); });
  heap_.roots = std::move(roots_);
  std::stable_sort(heap_.tallies.begin(), heap_.tallies.end(),
                   [](const HeapTally& a, const HeapTally& b) { return index(a.object) < index(b.object); });
  return std::move(heap_);
}

}  // namespace reftally
