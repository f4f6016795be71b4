#include "analyzer/flavours/own_counts.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "analyzer/flavours/own_count_election.h"
#include "analyzer/flavours/told_classes.h"
#include "analyzer/layouts/counts_behind.h"

namespace reftally {

namespace {

using CounterKey = std::pair<std::string, std::string>;  // owner and name

struct Winner {
  Counter counter;
  bool is_plain = false;  // plain pointers pay
};

class OwnObjects {
 public:
  OwnObjects(const Image& image, const DebugTypes& types, CountedObjects& counted)
      : image_(image), types_(types), counted_(counted), taken_(image.blocks.size()) {
    for (const CountedObject& object : counted.objects) {
      if (object.block != Image::kNoBlock) taken_[object.block] = true;
      if (object.owns_value_block) taken_[object.value_block] = true;
    }
  }

  // Nobody who pays for these counts frees what they count: they may be of something else than owners.
  void doubt(std::set<CounterKey> counters) { doubted_ = std::move(counters); }

  // `value`: of a count in a block of its own, what it counts; else 0.
  void add(uint64_t target, const Counter& counter, const Type* pointee, bool by_plain, uint64_t value = 0) {
    const uint32_t block = image_.block_at(target + counter.offset);
    if (block == Image::kNoBlock || taken_[block]) return;
    if (value && image_.blocks[block].address != target) return;
    const auto [found, added] = rows_.emplace(block, objects_.size());
    if (!added) {
      if (objects_[found->second].address != target + counter.offset) several_.insert(block);
      objects_[found->second].has_plain_holders |= by_plain;
      if (value) return place_value(objects_[found->second], value, pointee);
      return refine(objects_[found->second], target, pointee);
    }
    CountedObject object;
    object.flavour = FlavourId::kIntrusive;
    object.has_plain_holders = by_plain;
    object.count_is_doubtful =
        value != 0 || !counter.writing.is_plain() || doubted_.contains({counter.owner, counter.name});
    object.address = target + counter.offset;
    const int64_t count = read_owners(image_, object.address, counter).value_or(0);
    object.strong = count < 0 || count > kLargestOwnCount ? 0 : static_cast<int32_t>(count);
    object.block = object.value_block = block;
    object.owns_value_block = object.ends_there = true;
    object.value = image_.blocks[block].address;
    object.before = static_cast<uint32_t>(object.address - object.value);
    object.end = object.value + image_.blocks[block].size;
    const std::string_view dynamic = image_.vtable_type(image_.word(object.value).value_or(0));
    if (!dynamic.empty()) object.value_type = counted_.names.intern(demangle_type(dynamic));
    objects_.push_back(object);
    if (value) return place_value(objects_.back(), value, pointee);
    refine(objects_.back(), target, pointee);
  }

  // The object of class `type` at `target` has its count in a block that it points to.
  void add_behind(uint64_t target, const Counter& counter, const Type& type) {
    const uint32_t block = image_.block_at(target);
    if (block == Image::kNoBlock) return;
    for (const CountBehind& count : counts_behind(type, types_, target)) {
      if (count.counter.owner != counter.owner || count.counter.name != counter.name) continue;
      const uint64_t begin = image_.word(target + count.pointer).value_or(0);
      const uint32_t of_count = image_.block_at(begin);
      if (of_count == Image::kNoBlock || of_count == block) continue;
      add(begin, count.counter, &type, false, image_.blocks[block].address);
      const auto [known, added] = count_of_value_.emplace(block, of_count);
      if (known->second != of_count) several_.insert({of_count, known->second});
    }
  }

  // Objects of classes with a vtable and one of these counters, though no smart pointer leads to them.
  void add_polymorphic(const std::vector<Winner>& winners) {
    std::unordered_map<uint64_t, std::optional<Winner>> by_vtable;
    const bool has_behind =
        std::any_of(winners.begin(), winners.end(), [](const Winner& winner) { return winner.counter.is_behind; });
    for (const ImageBlock& block : image_.blocks) {
      const uint64_t vtable = image_.word(block.address).value_or(0);
      const std::string_view name = image_.vtable_type(vtable);
      if (name.empty()) continue;
      auto [found, added] = by_vtable.emplace(vtable, std::nullopt);
      const Type* const type = added || has_behind ? types_.find_mangled(name) : nullptr;
      if (added) found->second = counter_in(type, block.address, winners);
      if (found->second) add(block.address, found->second->counter, nullptr, found->second->is_plain);
      if (!type || found->second || !has_behind) continue;
      for (const Winner& winner : winners)
        if (winner.counter.is_behind) add_behind(block.address, winner.counter, *type);
    }
  }

  // Objects that reference count events tell of, though nothing leads to them: of the one class with their size.
  void add_told(const std::map<const Type*, Winner>& classes) {
    std::unordered_map<uint64_t, std::vector<const Type*>> by_size;
    for (const auto& [type, winner] : classes) by_size[image_.block_size(type->size)].push_back(type);
    for (const dump::EventTally& tally : image_.declared.tallies) {
      const uint32_t block = image_.block_at(tally.object);
      if (block == Image::kNoBlock || image_.blocks[block].address != tally.object || rows_.contains(block)) continue;
      const auto fits = by_size.find(image_.blocks[block].size);
      if (fits == by_size.end() || fits->second.size() != 1) continue;
      const Winner& winner = classes.at(fits->second.front());
      add(tally.object, winner.counter, fits->second.front(), winner.is_plain);
    }
  }

  bool is_unknown(uint32_t block) const { return !taken_[block] && !rows_.contains(block); }

  void commit() {
    for (const CountedObject& object : objects_) {
      if (object.is_alive() && !several_.contains(object.block)) counted_.objects.push_back(object);
    }
  }

 private:
  // The pointers to one value may be of several of its bases: the first is taken that leads to the begin of a block, or
  // into the count's own (QSharedPointer::create). Anybody else's is not freed with the count.
  void place_value(CountedObject& object, uint64_t value, const Type* pointee) {
    const uint32_t block = image_.block_at(value);
    const bool is_inside = block == object.block;
    if (block == Image::kNoBlock || (!is_inside && image_.blocks[block].address != value)) return;
    if (object.value != object.begin() || taken_[block]) return;
    object.value = value;
    object.value_block = is_inside ? Image::kNoBlock : block;
    object.owns_value_block = !is_inside;
    if (pointee) object.value_type = counted_.names.intern(pointee->name);
  }

  // Without a vtable: the largest class that is said to be there and fits.
  void refine(CountedObject& object, uint64_t target, const Type* pointee) {
    if (!pointee || target != object.begin() || pointee->size > object.end - object.begin()) return;
    if (!image_.vtable_type(image_.word(object.begin()).value_or(0)).empty()) return;
    uint64_t& known = known_size_[object.block];
    if (pointee->size <= known) return;
    known = pointee->size;
    object.value_type = counted_.names.intern(pointee->name);
  }

  std::optional<Winner> counter_in(const Type* type, uint64_t object, const std::vector<Winner>& winners) const {
    if (!type) return std::nullopt;
    for (Counter counter : counters_of(*type, types_, object)) {
      for (const Winner& winner : winners) {
        if (counter.owner != winner.counter.owner || counter.name != winner.counter.name) continue;
        counter.writing = winner.counter.writing;
        return Winner{counter, winner.is_plain};
      }
    }
    return std::nullopt;
  }

  const Image& image_;
  const DebugTypes& types_;
  CountedObjects& counted_;
  std::set<CounterKey> doubted_;
  std::vector<CountedObject> objects_;
  std::unordered_map<uint32_t, size_t> rows_;              // by block
  std::unordered_map<uint32_t, uint64_t> known_size_;      // by block: of value_type
  std::vector<bool> taken_;                                // by block: it is another counted object's
  std::unordered_map<uint32_t, uint32_t> count_of_value_;  // by block: that of the count it points to
  std::set<uint32_t> several_;                             // blocks with more than one counter, or counts of one block
};

// A lock, a pin or a lease looks like a smart pointer, and its count like one of owners. What tells them apart is that
// the last owner frees.
std::set<CounterKey> find_doubtful(const Election::Winners& winners, const DebugTypes& types,
                                   const StatedCounts& stated) {
  std::vector<const Type*> classes;
  std::vector<CounterKey> keys;
  std::set<CounterKey> freed;
  for (const auto& [name, counter] : winners.classes) {
    const Type* const type = types.find(name);
    if (!type || stated.is_pointer(*type) || stated.is_count(counter.owner, counter.name)) {
      freed.emplace(counter.owner, counter.name);
      continue;
    }
    classes.push_back(type);
    keys.emplace_back(counter.owner, counter.name);
  }
  const std::vector<bool> never = types.never_free(classes);
  for (size_t i = 0; i < keys.size(); ++i)
    if (!never[i]) freed.insert(keys[i]);
  std::set<CounterKey> doubtful(keys.begin(), keys.end());
  std::erase_if(doubtful, [&](const CounterKey& key) { return freed.contains(key); });
  return doubtful;
}

}  // namespace

CountedPointers find_own_counts(const Image& image, const DebugTypes& types, const StatedCounts& stated,
                                const std::vector<MetPointer>& met, CountedObjects& counted) {
  CountedPointers pointers;
  const Election::Winners winners = Election(image, types, stated, met).run();
  if (winners.empty() && image.declared.tallies.empty()) return pointers;
  OwnObjects objects(image, types, counted);
  objects.doubt(find_doubtful(winners, types, stated));
  std::vector<Winner> counters;
  for (const auto& [name, counter] : winners.classes) {
    pointers.classes.emplace(name, counter.is_behind ? kWhereObjectHasIt : static_cast<int64_t>(counter.offset));
    counters.push_back({counter, false});
  }
  for (const Counter& counter : winners.below) counters.push_back({counter, false});
  for (const auto& [place, counter] : winners.places) {
    pointers.places.emplace(place, counter.offset);
    counters.push_back({counter, true});
  }
  std::map<const Type*, Winner> classes;
  for (const MetPointer& pointer : met) {
    const bool is_plain = !pointer.place.empty();
    const auto& elected = is_plain ? winners.places : winners.classes;
    const auto winner = elected.find(is_plain ? std::string(pointer.place) : pointer.type->name);
    if (winner == elected.end() || winner->second.offset == static_cast<uint64_t>(kWhereObjectHasIt)) continue;
    const Type* pointee = is_plain ? pointer.type : pointer_shape(*pointer.type, stated)->counted();
    if (pointee->is_declaration) pointee = types.find(pointee->name);
    if (winner->second.is_behind) {
      if (!pointee) continue;
      objects.add_behind(pointer.target, winner->second, *pointee);
      continue;
    }
    objects.add(pointer.target, winner->second, pointee, is_plain, pointer.value);
    if (pointee && !pointer.value) classes.emplace(pointee, Winner{winner->second, is_plain});
  }
  objects.add_polymorphic(counters);
  for (const ToldClass& told : told_classes(image, types, stated, [&](uint32_t b) { return objects.is_unknown(b); }))
    if (classes.emplace(told.pointee, Winner{told.counter}).second)
      pointers.classes.emplace(told.pointer->name, told.counter.offset);
  objects.add_told(classes);
  objects.commit();
  return pointers;
}

bool plain_pointers_refuted(const CountedObjects& counted, const KnownReferences& known) {
  std::vector<int32_t> strong(counted.objects.size());
  known.for_each(counted, [&](uint32_t object, bool is_strong) { strong[object] += is_strong; });
  size_t voters = 0, equal = 0;
  for (size_t i = 0; i < counted.objects.size(); ++i) {
    const CountedObject& object = counted.objects[i];
    if (!object.has_plain_holders || strong[i] == 0 || object.flavour == FlavourId::kDeclared) continue;
    if (strong[i] > object.strong) return true;
    ++voters;
    equal += strong[i] == object.strong;
  }
  return equal * 2 < voters;
}

void drop_own_counts(CountedObjects& counted) {
  const auto kept = std::remove_if(counted.objects.begin(), counted.objects.end(),
                                   [](const CountedObject& object) { return object.flavour == FlavourId::kIntrusive; });
  counted.objects.truncate(static_cast<size_t>(kept - counted.objects.begin()));
}

}  // namespace reftally
