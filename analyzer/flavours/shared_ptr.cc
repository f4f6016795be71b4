// shared_ptr control blocks of libstdc++, libc++ and Boost, wherever they lie in a block.
#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <unordered_map>
#include <vector>

#include "analyzer/base/in_order.h"
#include "analyzer/base/recent_rows.h"
#include "analyzer/flavours/control_blocks.h"
#include "analyzer/flavours/flavours.h"

namespace reftally {

namespace {

struct KnownClass {
  ControlBlockClass facts;
  StringId value_type{};
};

using KnownClasses = std::unordered_map<uint64_t, KnownClass>;  // by vtable

KnownClasses control_block_classes(const Image& image, StringTable& names) {
  KnownClasses classes;
  for (const auto& [vtable, name] : image.vtable_names) {
    ControlBlockClass facts = control_block_class(name);
    if (!facts.kind) continue;
    const StringId value_type = names.intern(facts.value_type);
    classes.emplace(vtable, KnownClass{std::move(facts), value_type});
  }
  return classes;
}

// Most words are none of the classes', which lie far from each other: a few kilobytes say no to nearly all of those.
class MayBeKnown {
 public:
  explicit MayBeKnown(const KnownClasses& classes) {
    for (const auto& [vtable, unused] : classes) bits_[place_of(vtable) / 64] |= uint64_t{1} << place_of(vtable) % 64;
  }
  bool operator()(uint64_t word) const {
    const size_t place = place_of(word);
    return (bits_[place / 64] >> place % 64 & 1) != 0;
  }

 private:
  static constexpr int kBits = 16;
  static size_t place_of(uint64_t word) { return word * 0x9e3779b97f4a7c15u >> (64 - kBits); }

  std::array<uint64_t, (size_t{1} << kBits) / 64> bits_ = {};
};

// Bits of those of a group's known words for which `may` says yes. Asked without a branch, for hardly any is; where
// most of the 64 are known, all of them.
template <class May>
uint64_t words_where(std::span<const uint64_t> group, uint64_t known, const May& may) {
  constexpr int kMost = 40;
  uint64_t hits = 0;
  if (std::popcount(known) >= kMost) {
    for (size_t i = 0; i < group.size(); ++i) hits |= uint64_t{may(group[i])} << i;
    return hits & known;
  }
  for (; known != 0; known &= known - 1) {
    const auto i = static_cast<unsigned>(std::countr_zero(known));
    hits |= uint64_t{may(group[i])} << i;
  }
  return hits;
}

// Known words of the heap in [begin, end) for which `may` says yes.
template <class May, class Visit>
void for_each_word_where(const Image& image, uint64_t begin, uint64_t end, const May& may, Visit visit) {
  image.for_each_group(begin, end, [&](const ImageRegion& region, uint64_t first, uint64_t known) {
    if (region.kind != dump::RegionKind::kHeap) return;
    const size_t count = std::min<uint64_t>(64, region.word_count - first);
    uint64_t hits = words_where({region.words + first, count}, known, may);
    for (; hits != 0; hits &= hits - 1) {
      const uint64_t i = first + static_cast<uint64_t>(std::countr_zero(hits));
      visit(region.address + 8 * i, region.words[i]);
    }
  });
}

struct Counts {
  int32_t strong = 0, weak = 0;  // weak without the strong references' common unit
};

std::optional<Counts> read_counts(const Image& image, uint64_t address, CountLayout layout) {
  int64_t strong = 0, weak = 0;
  if (layout == CountLayout::kHalves) {
    const auto both = image.word(address + 8);
    if (!both) return std::nullopt;
    strong = static_cast<int32_t>(*both);
    weak = static_cast<int32_t>(*both >> 32);
  } else {
    const auto use = image.word(address + 8), others = image.word(address + 16);
    if (!use || !others) return std::nullopt;
    strong = static_cast<int64_t>(*use + 1);
    weak = static_cast<int64_t>(*others + 1);
  }
  if (strong > 0) --weak;
  const bool sane = strong >= 0 && weak >= 0 && strong <= kLargestCount && weak <= kLargestCount && strong + weak > 0;
  if (!sane) return std::nullopt;
  return Counts{static_cast<int32_t>(strong), static_cast<int32_t>(weak)};
}

// The first word of a control block's own members that points to the start of a block: where the size of the
// deleter is unknown, that is the value.
uint64_t first_block_pointer(const Image& image, uint64_t begin, uint64_t end) {
  for (uint64_t at = begin; at + 8 <= std::min(end, begin + 64); at += 8) {
    const uint64_t pointer = image.word(at).value_or(0);
    const uint32_t block = pointer ? image.block_at(pointer) : Image::kNoBlock;
    if (block != Image::kNoBlock && image.blocks[block].address == pointer) return pointer;
  }
  return image.word(begin).value_or(0);
}

void place_array(const Image& image, CountedObject& object, const KnownClass& found, const ImageBlock& block) {
  const uint64_t count_at = object.address + found.facts.kind->header_size + (found.facts.has_plain_allocator ? 0 : 8);
  const uint64_t front = image.word(count_at + 16).value_or(0);  // behind the count and a flag
  if (front < block.address || front > object.address) return;
  if (object.address - front > UINT32_MAX) return;
  object.value = front;
  object.before = static_cast<uint32_t>(object.address - front);
  object.ends_there = found.facts.has_plain_allocator && front == block.address;
  object.value_count = static_cast<uint32_t>(std::min<uint64_t>(image.word(count_at).value_or(0), UINT32_MAX));
}

// Boost's allocator is a member however empty it is, libc++'s only if it is not. Where elements are aligned to more
// than a word, their type tells (refine_shared_ptr_objects).
void place_array_behind(const Image& image, CountedObject& object, const KnownClass& found) {
  const bool has_allocator = found.facts.kind->counts == CountLayout::kHalves || !found.facts.has_plain_allocator;
  const uint64_t count_at = object.address + found.facts.kind->header_size + (has_allocator ? 8 : 0);
  const uint64_t told = found.facts.element_count;
  const uint64_t count = (told ? told : image.word(count_at).value_or(0)) * found.facts.inner_count;
  object.value = told ? count_at : count_at + 8;
  object.value_count = static_cast<uint32_t>(std::min<uint64_t>(count, UINT32_MAX));
}

void place_value(const Image& image, CountedObject& object, const KnownClass& found) {
  const ImageBlock& block = image.blocks[object.block];
  const uint64_t members = object.address + found.facts.kind->header_size;
  if (found.facts.in_deleter) {
    object.value = object.address + found.facts.in_deleter;
    return;
  }
  switch (found.facts.kind->place) {
    case ValuePlace::kInside:
      object.value = members + (found.facts.has_plain_allocator ? 0 : 8);
      return;
    case ValuePlace::kArrayInFront:
      return place_array(image, object, found, block);
    case ValuePlace::kArrayBehind:
      return place_array_behind(image, object, found);
    case ValuePlace::kPointer:
    case ValuePlace::kFirstPointer:
      object.value = image.word(members).value_or(0);
      break;
    case ValuePlace::kLastPointer: {
      const bool alone =
          image.sizes_are_exact && object.address == block.address && object.end == block.address + block.size;
      object.value = alone && block.size % 8 == 0 ? image.word(object.end - 8).value_or(0)
                                                  : first_block_pointer(image, members, object.end);
      break;
    }
  }
  if (found.facts.is_array) object.value_count = 0;  // as many as fit: told by the element's size
  const uint32_t value_block = object.value ? image.block_at(object.value) : Image::kNoBlock;
  if (value_block == object.block) return;
  object.value_block = value_block;
  object.owns_value_block = found.facts.deletes_value && value_block != Image::kNoBlock;
}

// One that may hold something, and is not the value's own place.
bool keeps_deleter(const ControlBlockClass& known) {
  if (known.kind->place == ValuePlace::kLastPointer) return true;
  return known.kind->place == ValuePlace::kFirstPointer && known.in_deleter == 0 && !known.deletes_value;
}

bool exists(const CountedObject& object) { return object.strong > 0 || object.weak > 0; }

// Control blocks of one block of memory, met one after another. Neighbours bound each other; destroyed ones bound what
// stands in a pool.
class Neighbours {
 public:
  Neighbours(const Image& image, GrowingColumn<CountedObject>& found) : image_(image), found_(found) {}

  void add(const CountedObject& object, const KnownClass& known) {
    if (!met_.empty() && met_.front().object.block != object.block) settle();
    met_.push_back({object, &known});
  }
  void settle() {
    const ImageBlock* const block = met_.empty() ? nullptr : &image_.blocks[met_.front().object.block];
    for (size_t i = 0; i < met_.size(); ++i) met_[i].object.end = end_of(i, block->address + block->size);
    for (size_t i = 0; i < met_.size(); ++i) {
      CountedObject& object = met_[i].object;
      if (object.is_alive()) place_value(image_, object, *met_[i].known);
      // an array stands before its control block: what was taken for the neighbour's tail
      if (i > 0) {
        CountedObject& last = met_[i - 1].object;
        last.end = std::min(last.end, std::max(object.begin(), last.address + 16));
      }
    }
    for (const Met& met : met_)
      if (exists(met.object)) found_.push_back(met.object);
    met_.clear();
  }

 private:
  struct Met {
    CountedObject object;
    const KnownClass* known;
  };

  uint64_t end_of(size_t row, uint64_t end_of_block) const {
    for (size_t next = row + 1; next < met_.size(); ++next)
      if (!met_[row].object.ends_there || exists(met_[next].object)) return met_[next].object.address;
    return end_of_block;
  }

  const Image& image_;
  GrowingColumn<CountedObject>& found_;
  std::vector<Met> met_;
};

// Control blocks of a range of blocks.
class Search {
 public:
  Search(const Image& image, const KnownClasses& classes) : image_(image), classes_(classes), may_be_known_(classes) {}

  void run(RowRange blocks, GrowingColumn<CountedObject>& found) const {
    const uint64_t begin = image_.blocks[blocks.first].address;
    const uint64_t end = blocks.last < image_.blocks.size() ? image_.blocks[blocks.last].address : ~uint64_t{0};
    RecentRows<const KnownClass> recent;
    Neighbours neighbours(image_, found);
    uint32_t block = blocks.first;  // that begins last before the word
    for_each_word_where(image_, begin, end, may_be_known_, [&](uint64_t at, uint64_t word) {
      const KnownClass* const known = recent.find(word, [&](uint64_t vtable) { return class_at(vtable); });
      if (!known) return;
      while (block + 1 < blocks.last && image_.blocks[block + 1].address <= at) ++block;
      if (image_.blocks[block].contains(at)) neighbours.add(object_at(at, block, *known), *known);
    });
    neighbours.settle();
  }

 private:
  const KnownClass* class_at(uint64_t vtable) const {
    const auto row = classes_.find(vtable);
    return row == classes_.end() ? nullptr : &row->second;
  }

  CountedObject object_at(uint64_t at, uint32_t block, const KnownClass& known) const {
    const auto counts = read_counts(image_, at, known.facts.kind->counts);
    CountedObject object;
    object.address = at;
    object.block = block;
    object.strong = counts ? counts->strong : 0;
    object.weak = counts ? counts->weak : 0;
    object.value_type = known.value_type;
    object.keeps_deleter = keeps_deleter(known.facts);
    object.ends_there = known.facts.has_plain_allocator && at == image_.blocks[block].address;
    return object;
  }

  const Image& image_;
  const KnownClasses& classes_;
  const MayBeKnown may_be_known_;
};

}  // namespace

void find_shared_ptr_objects(const Image& image, CountedObjects& found) {
  const KnownClasses classes = control_block_classes(image, found.names);
  if (classes.empty() || image.blocks.empty()) return;
  const Search search(image, classes);
  const auto blocks = static_cast<uint32_t>(image.blocks.size());
  if (worker_threads() == 1) return search.run({0, blocks}, found.objects);
  in_order_by_rows(
      blocks,
      [&](RowRange some) {
        GrowingColumn<CountedObject> objects;
        search.run(some, objects);
        return objects;
      },
      [&](const GrowingColumn<CountedObject>& objects) {
        for (const CountedObject& object : objects) found.objects.push_back(object);
      });
}

}  // namespace reftally
