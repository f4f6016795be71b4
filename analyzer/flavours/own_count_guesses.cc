#include "analyzer/flavours/own_count_guesses.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "analyzer/layouts/walker.h"

namespace reftally {

namespace {

// Beyond this many blocks of one size a guess costs more than it tells.
constexpr size_t kMostCandidates = 2'000'000;

// Walks a block as if it were an object of some class, and keeps the smart pointers it meets.
class Trial final : public ValueVisitor {
 public:
  Trial(const Image& image, const CountedObjects& counted) : image_(image), counted_(counted) {}
  bool take(uint64_t word) override { return image_.region_at(word) && taken_.insert(word).second; }
  bool is_counter(uint64_t address) const override { return counted_.at(address) != CountedObjects::kNone; }
  void counted(const Value&, uint64_t, bool) override {}
  // What is owned alone is part of the object.
  void pointer(const Value&, uint64_t target, const Type* pointee, bool owns) override {
    const uint32_t block = owns && pointee ? image_.block_at(target) : Image::kNoBlock;
    if (block != Image::kNoBlock && image_.blocks[block].address == target &&
        image_.blocks[block].size >= pointee->size)
      owned.push_back({pointee, target});
  }
  bool storage(uint64_t, uint64_t) override { return true; }
  void opaque(uint64_t, uint64_t, PathId) override {}
  void lone_pointer(const Type& type, uint64_t target, uint64_t value) override {
    met.push_back({&type, target, {}, value});
  }

  std::vector<MetPointer> met;
  std::vector<Value> owned;  // to be walked next

 private:
  const Image& image_;
  const CountedObjects& counted_;
  std::unordered_set<uint64_t> taken_;
};

// Where the object is whose class is guessed.
uint64_t object_of(const MetPointer& pointer) { return pointer.value ? pointer.value : pointer.target; }

struct Option {
  const Type* type = nullptr;  // the block's class, perhaps
  std::vector<MetPointer> met;
};
using Options = std::unordered_map<uint64_t, std::vector<Option>>;  // by address of the block

class Guesses {
 public:
  Guesses(const Image& image, const DebugTypes& types, const CountedObjects& counted,
          const std::vector<MetPointer>& met)
      : image_(image), types_(types), counted_(counted), walker_(image, types, paths_) {
    std::unordered_set<std::string_view> known;
    for (const MetPointer& pointer : met)
      if (pointer.place.empty()) known.insert(pointer.type->name);
    for (const Type* type : types.classes_of_one_word()) add_pointer_class(*type, known.contains(type->name));
    for (const MetPointer& pointer : met)
      if (pointer.value) add_pointee(*pointer.type);
  }

  void try_blocks(const std::function<bool(uint32_t)>& is_unknown) {
    if (by_size_.empty()) return;
    for (uint32_t block = 0; block < image_.blocks.size(); ++block) {
      const auto classes = by_size_.find(image_.blocks[block].size);
      if (classes == by_size_.end() || !is_unknown(block) || options_.size() > kMostCandidates) continue;
      for (const Type* type : classes->second) try_block(image_.blocks[block].address, *type);
    }
  }

  std::vector<MetPointer> settle() {
    while (drop_what_does_not_fit()) {
    }
    std::vector<MetPointer> met;
    for (const auto& [address, options] : options_) {
      if (options.size() == 1) met.insert(met.end(), options[0].met.begin(), options[0].met.end());
    }
    std::sort(met.begin(), met.end(), [](const MetPointer& a, const MetPointer& b) {
      return std::tie(a.target, a.type->name) < std::tie(b.target, b.type->name);
    });
    return met;
  }

 private:
  const Type* pointee_of(const Type& smart_pointer) {
    auto [found, added] = pointees_.emplace(&smart_pointer, nullptr);
    if (!added) return found->second;
    const Type* pointee = pointer_shape(smart_pointer)->counted();
    return found->second = pointee->is_declaration ? types_.find(pointee->name) : pointee;
  }

  void add_pointer_class(const Type& type, bool is_known) {
    if (!pointer_shape(type)) return;
    const Type* pointee = pointee_of(type);
    if (pointee && may_count(*pointee, is_known ? CountName::kAny : CountName::kCount)) add_pointee(type);
  }

  void add_pointee(const Type& smart_pointer) {
    const Type* pointee = pointee_of(smart_pointer);
    if (!pointee || pointee->size == 0) return;
    std::vector<const Type*>& classes = by_size_[image_.block_size(pointee->size)];
    if (std::find(classes.begin(), classes.end(), pointee) == classes.end()) classes.push_back(pointee);
  }

  void try_block(uint64_t address, const Type& type) {
    Trial trial(image_, counted_);
    if (!walker_.is_plausible(type, address, trial)) return;
    trial.owned.push_back({&type, address});
    while (!trial.owned.empty()) {
      const Value value = trial.owned.back();
      trial.owned.pop_back();
      walker_.walk(value, trial);
    }
    options_[address].push_back({&type, std::move(trial.met)});
  }

  bool leads_well(const MetPointer& pointer) {
    const auto found = options_.find(object_of(pointer));
    if (found == options_.end()) return false;
    const Type* pointee = pointee_of(*pointer.type);
    return std::any_of(found->second.begin(), found->second.end(),
                       [&](const Option& option) { return option.type == pointee; });
  }

  bool drop_what_does_not_fit() {
    std::unordered_map<uint64_t, std::unordered_set<const Type*>> wanted;  // address -> classes that pointers ask for
    for (const auto& [address, options] : options_) {
      for (const Option& option : options) {
        for (const MetPointer& pointer : option.met) wanted[object_of(pointer)].insert(pointee_of(*pointer.type));
      }
    }
    bool dropped = false;
    for (auto entry = options_.begin(); entry != options_.end();) {
      const size_t before = entry->second.size();
      std::erase_if(entry->second, [&](const Option& option) {
        const auto asked = wanted.find(entry->first);
        return asked == wanted.end() || !asked->second.contains(option.type) ||
               !std::all_of(option.met.begin(), option.met.end(), [&](const auto& p) { return leads_well(p); });
      });
      dropped |= entry->second.size() != before;
      entry = entry->second.empty() ? options_.erase(entry) : std::next(entry);
    }
    return dropped;
  }

  const Image& image_;
  const DebugTypes& types_;
  const CountedObjects& counted_;
  Paths paths_;
  Walker walker_;
  std::map<uint64_t, std::vector<const Type*>> by_size_;
  std::unordered_map<const Type*, const Type*> pointees_;  // by class of the smart pointer
  Options options_;
};

}  // namespace

std::vector<MetPointer> guess_own_objects(const Image& image, const DebugTypes& types, const CountedObjects& counted,
                                          const std::vector<MetPointer>& met,
                                          const std::function<bool(uint32_t block)>& is_unknown) {
  Guesses guesses(image, types, counted, met);
  guesses.try_blocks(is_unknown);
  return guesses.settle();
}

}  // namespace reftally
