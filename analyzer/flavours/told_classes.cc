#include "analyzer/flavours/told_classes.h"

#include <map>
#include <unordered_map>

#include "analyzer/flavours/own_count_election.h"

namespace reftally {

namespace {

using Balances = std::map<uint32_t, int64_t>;  // by block

Balances balances_of(const Image& image, const std::function<bool(uint32_t)>& is_unknown) {
  Balances balances;
  for (const dump::EventTally& tally : image.declared.tallies) {
    const uint32_t block = image.block_at(tally.object);
    if (block != Image::kNoBlock && image.blocks[block].address == tally.object && is_unknown(block))
      balances[block] += tally.balance;
  }
  return balances;
}

class Choice {
 public:
  Choice(const Image& image, const DebugTypes& types, const StatedCounts& stated) : image_(image) {
    for (const Type* pointer : types.classes_of_one_word()) {
      const auto shape = pointer_shape(*pointer, stated);
      if (!shape || shape->value_offset) continue;
      const Type* pointee = shape->counted();
      if (pointee->is_declaration) pointee = types.find(pointee->name);
      if (!pointee || pointee->size == 0 || !may_count(*pointee, CountName::kCount)) continue;
      for (const Counter& counter : counters_of(*pointee))
        if (reads_as(CountName::kCount, counter.name) && !reads_as_weak(counter.name))
          by_size_[image.block_size(pointee->size)].push_back({pointer, pointee, counter});
    }
  }

  // nullptr: none, or several.
  const ToldClass* of(uint32_t block, int64_t balance) const {
    const auto fits = by_size_.find(image_.blocks[block].size);
    if (fits == by_size_.end()) return nullptr;
    const ToldClass* only = nullptr;
    for (const ToldClass& option : fits->second) {
      const Counter& counter = option.counter;
      const auto count = read_count(image_, image_.blocks[block].address + counter.offset, counter.size);
      if (!count || *count <= 0 || (*count != balance && *count != balance + 1)) continue;
      if (only && (only->pointee != option.pointee || only->counter.offset != counter.offset)) return nullptr;
      if (!only) only = &option;
    }
    return only;
  }

 private:
  const Image& image_;
  std::unordered_map<uint64_t, std::vector<ToldClass>> by_size_;  // of a block
};

}  // namespace

std::vector<ToldClass> told_classes(const Image& image, const DebugTypes& types, const StatedCounts& stated,
                                    const std::function<bool(uint32_t block)>& is_unknown) {
  if (!image.declared.objects.empty()) return {};  // of a runtime: the events may all be theirs
  const Balances balances = balances_of(image, is_unknown);
  if (balances.empty()) return {};
  const Choice choice(image, types, stated);
  std::map<const Type*, const ToldClass*> told;  // by what is pointed to
  for (const auto& [block, balance] : balances)
    if (const ToldClass* option = choice.of(block, balance)) told.emplace(option->pointee, option);
  std::vector<ToldClass> classes;
  for (const auto& [pointee, option] : told) classes.push_back(*option);
  return classes;
}

}  // namespace reftally
