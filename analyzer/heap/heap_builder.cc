// Freezing what lift() collected into columns: one counting sort by referrer, linear in objects and references.
#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/heap/heap.h"

namespace reftally {
namespace {

template <class T, class Value>
std::vector<T> column_of(const std::vector<HeapBuilder::Object>& objects, Value value) {
  std::vector<T> column(objects.size());
  for (size_t i = 0; i < objects.size(); ++i) column[i] = value(objects[i]);
  return column;
}

void fill_object_columns(Heap& heap, const std::vector<HeapBuilder::Object>& objects) {
  using Object = HeapBuilder::Object;
  heap.address = column_of<uint64_t>(objects, [](const Object& o) { return o.address; });
  heap.size = column_of<uint64_t>(objects, [](const Object& o) { return o.size; });
  heap.type = column_of<TypeId>(objects, [](const Object& o) { return o.type; });
  heap.flavour = column_of<FlavourId>(objects, [](const Object& o) { return o.flavour; });
  heap.strong_count = column_of<int64_t>(objects, [](const Object& o) { return o.strong_count; });
  heap.weak_count = column_of<int64_t>(objects, [](const Object& o) { return o.weak_count; });
  heap.birth_stack = column_of<StackId>(objects, [](const Object& o) { return o.birth_stack; });
  heap.birth_order = column_of<uint32_t>(objects, [](const Object& o) { return o.birth_order; });
  heap.flags = column_of<uint32_t>(objects, [](const Object& o) { return o.flags; });
  heap.note = column_of<StringId>(objects, [](const Object& o) { return o.note; });
}

void fill_reference_columns(Heap& heap, const std::vector<HeapBuilder::Reference>& references, size_t objects) {
  std::vector<uint64_t>& offsets = heap.references.offsets;
  offsets.assign(objects + 1, 0);
  for (const auto& reference : references) ++offsets[index(reference.from) + 1];
  for (size_t i = 0; i < objects; ++i) offsets[i + 1] += offsets[i];

  heap.referent.resize(references.size());
  heap.label.resize(references.size());
  heap.element.resize(references.size());
  heap.kind.resize(references.size());
  heap.certainty.resize(references.size());
  std::vector<uint64_t> next(offsets.begin(), offsets.end() - 1);
  for (const auto& reference : references) {
    const uint64_t row = next[index(reference.from)]++;
    heap.referent[row] = reference.to;
    heap.label[row] = reference.label;
    heap.element[row] = reference.element;
    heap.kind[row] = reference.kind;
    heap.certainty[row] = reference.certainty;
  }
}

}  // namespace

HeapBuilder::HeapBuilder() {
  heap_.types.push_back({});
  heap_.labels.push_back({});
}

ObjectId HeapBuilder::add_object(const Object& object) {
  const ObjectId id{static_cast<uint32_t>(objects_.size())};
  require(id != kNoObject, "fewer than 2^32 - 1 objects");
  objects_.push_back(object);
  return id;
}

void HeapBuilder::add_reference(const Reference& reference) {
  require(index(reference.from) < objects_.size() && index(reference.to) < objects_.size(),
          "references join objects of the heap");
  references_.push_back(reference);
}

void HeapBuilder::add_root(const HeapRoot& root) {
  require(index(root.to) < objects_.size(), "roots refer to objects of the heap");
  roots_.push_back(root);
}

TypeId HeapBuilder::add_type(std::string_view name, std::string_view location, uint32_t flags) {
  if (name.empty()) return TypeId{0};
  const HeapType row{intern(name), intern(location), flags};
  const uint64_t key = uint64_t{index(row.name)} << 32 | index(row.location);
  auto [found, is_new] = type_ids_.try_emplace(key, TypeId{static_cast<uint32_t>(heap_.types.size())});
  if (is_new) heap_.types.push_back(row);
  heap_.types[index(found->second)].flags |= flags;
  return found->second;
}

LabelId HeapBuilder::add_label(std::string_view owner, std::string_view path, std::string_view location) {
  if (owner.empty() && path.empty() && location.empty()) return LabelId{0};
  std::string key;
  key.reserve(owner.size() + path.size() + location.size() + 2);
  key.append(owner).append(1, '\0').append(path).append(1, '\0').append(location);
  auto [found, is_new] = label_ids_.try_emplace(std::move(key), LabelId{static_cast<uint32_t>(heap_.labels.size())});
  if (is_new) heap_.labels.push_back({intern(owner), intern(path), intern(location)});
  return found->second;
}

StringId HeapBuilder::intern(std::string_view text) { return heap_.strings.intern(text); }

void HeapBuilder::set_block_totals(uint64_t count, uint64_t bytes) {
  heap_.block_count = count;
  heap_.block_bytes = bytes;
}

HeapBuilder::Object& HeapBuilder::object(ObjectId id) {
  require(index(id) < objects_.size(), "object ids are rows of the heap");
  return objects_[index(id)];
}

uint32_t HeapBuilder::object_count() const { return static_cast<uint32_t>(objects_.size()); }

Heap HeapBuilder::build() && {
  Heap heap = std::move(heap_);
  fill_object_columns(heap, objects_);
  fill_reference_columns(heap, references_, objects_.size());
  heap.roots = std::move(roots_);
  std::stable_sort(heap.roots.begin(), heap.roots.end(),
                   [](const HeapRoot& a, const HeapRoot& b) { return index(a.to) < index(b.to); });
  objects_ = {};
  references_ = {};
  return heap;
}

}  // namespace reftally
