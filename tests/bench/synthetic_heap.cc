#include "tests/bench/synthetic_heap.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "analyzer/base/huge_pages.h"

namespace reftally {
namespace {

class Dice {  // splitmix64: the same on every machine, which the standard distributions are not
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t roll() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  double unit() { return static_cast<double>(roll() >> 11) * 0x1.0p-53; }
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>((roll() >> 32) * limit >> 32); }
  uint32_t heavy_tailed(double least, double exponent, double most) {
    return static_cast<uint32_t>(std::min(most, least * std::pow(1 - unit(), -1 / exponent)));
  }
  uint32_t log_uniform(double most) { return static_cast<uint32_t>(std::exp(unit() * std::log(most))); }

 private:
  uint64_t state_;
};

enum Label : uint8_t { kType = 1, kChild, kParent, kItem, kValue, kNext, kPrevious, kShared, kOwned, kLabels };
constexpr const char* kPaths[kLabels] = {"",      "type_", "child_", "parent_", "items_[]",
                                         "value", "next_", "prev_",  "shared_", "owned_[]"};

class Generator {
 public:
  Generator(uint32_t objects, uint64_t seed) : dice_(seed), count_(objects), types_(std::max(16u, objects / 2000)) {
    reserve_column(edges_, size_t{count_} * 5 / 2);
    cut_off_.assign(count_, 0);
    size_.assign(count_, 24);
  }

  Heap build() {
    for (uint32_t i = 0; i < types_ && i < count_; i++) i < 64 ? add_root(i) : add(dice_.below(i), i, kChild);
    for (at_ = types_; at_ < count_;) add_structure();
    place_objects();
    return to_heap();
  }

 private:
  struct Edge {
    uint32_t from, to;
    uint8_t label;
  };

  void add(uint32_t from, uint32_t to, Label label) { edges_.push_back({from, to, label}); }
  void add_root(uint32_t to) { roots_.push_back(to); }

  // Who holds the structure that begins at `head`: a root, an object made not long ago, or nobody.
  void hold(uint32_t head) {
    const double choice = dice_.unit();
    if (choice >= 0.02 && choice < 0.12) {
      cut_off_[head] = 1;
      return;
    }
    for (int attempt = 0; choice >= 0.12 && attempt < 8; attempt++) {
      const uint32_t back = dice_.heavy_tailed(1, 0.35, head);
      if (back > head - types_ || cut_off_[head - back]) continue;
      return add(head - back, head, kOwned);
    }
    add_root(head);
  }

  // One more object of the structure at hand, with its type object and what it shares with others.
  uint32_t make(uint32_t size, uint8_t cut_off) {
    const uint32_t object = at_++;
    size_[object] = size;
    cut_off_[object] = cut_off;
    if (dice_.unit() < 0.55) add(object, dice_.log_uniform(types_) % types_, kType);
    if (dice_.unit() < 0.38) {
      const uint32_t back = dice_.log_uniform(object - types_ + 1);
      if (back <= object && (cut_off || !cut_off_[object - back])) add(object, object - back, kShared);
    }
    return object;
  }

  void add_structure() {
    hold(at_);
    const uint8_t cut_off = cut_off_[at_];
    const double kind = dice_.unit();
    if (kind < 0.55) {
      add_records(cut_off);
    } else if (kind < 0.80) {
      add_container(cut_off);
    } else if (kind < 0.96) {
      add_list(cut_off, kind >= 0.88);
    } else {
      make(16 + 8 * dice_.heavy_tailed(1, 1, 1 << 18), cut_off);
    }
  }

  void add_records(uint8_t cut_off) {
    const uint32_t head = at_, length = std::min(count_ - at_, dice_.heavy_tailed(3, 1.3, 2000));
    const bool to_parent = dice_.unit() < 0.2;
    for (uint32_t i = 0; i < length; i++) {
      const uint32_t object = make(16 + 8 * dice_.below(12), cut_off);
      if (i == 0) continue;
      const uint32_t parent = head + i - 1 - dice_.below(std::min(i, 6u));
      add(parent, object, kChild);
      if (to_parent) add(object, parent, kParent);
    }
  }

  void add_container(uint8_t cut_off) {
    const uint32_t items = dice_.heavy_tailed(4, 1.1, count_ / 60.0 + 8);
    const uint32_t container = make(24 + 8 * items, cut_off);
    for (uint32_t i = 0; i < items && at_ < count_; i++) {
      const uint32_t item = make(32, cut_off);
      add(container, item, kItem);
      for (uint32_t values = dice_.below(3); values > 0 && at_ < count_; values--)
        add(item, make(16 + 8 * dice_.below(6), cut_off), kValue);
    }
  }

  void add_list(uint8_t cut_off, bool doubly) {
    const uint32_t length = std::min(count_ - at_, dice_.heavy_tailed(10, 1.05, count_ / 40.0 + 16));
    for (uint32_t i = 0; i < length; i++) {
      const uint32_t object = make(32, cut_off);
      if (i > 0) add(object - 1, object, kNext);
      if (i > 0 && doubly) add(object, object - 1, kPrevious);
    }
  }

  // Ids are by address, and an allocator reuses: a quarter swapped with a neighbour, one in twenty with anyone.
  void place_objects() {
    place_.resize(count_);
    for (uint32_t i = 0; i < count_; i++) place_[i] = i;
    for (uint32_t i = 0; i < count_; i++)
      if (dice_.below(4) == 0) std::swap(place_[i], place_[std::min(count_ - 1, i + dice_.below(4096))]);
    for (uint32_t i = 0; i < count_; i++)
      if (dice_.below(20) == 0) std::swap(place_[i], place_[dice_.below(count_)]);
  }

  Heap to_heap() {
    HeapBuilder names;
    const StringId owner = names.intern("Record");
    std::vector<StringId> paths;
    for (const char* path : kPaths) paths.push_back(names.intern(path));
    const TypeId type = names.add_type("Record");
    Heap heap = std::move(names).build();
    for (size_t i = 1; i < kLabels; i++) heap.labels.push_back({owner, paths[i], StringId{}, 0});
    fill_objects(heap, type);
    fill_references(heap);
    for (uint32_t to : roots_) {
      heap.roots.push_back({ObjectId{place_[to]}, RootKind::kStatic, ReferenceKind::kStrong, Certainty::kExact, {}});
      heap.strong_count[place_[to]]++;
    }
    std::sort(heap.roots.begin(), heap.roots.end(), [](const auto& a, const auto& b) { return a.to < b.to; });
    return heap;
  }

  void fill_objects(Heap& heap, TypeId type) {
    assign_column(heap.address, count_, uint64_t{0});
    assign_column(heap.size, count_, uint64_t{0});
    assign_column(heap.type, count_, type);
    assign_column(heap.flavour, count_, FlavourId::kSharedPtr);
    assign_column(heap.strong_count, count_, int64_t{0});
    assign_column(heap.weak_count, count_, int64_t{0});
    assign_column(heap.birth_stack, count_, StackId{});
    assign_column(heap.birth_order, count_, uint32_t{0});
    assign_column(heap.flags, count_, uint32_t{0});
    assign_column(heap.note, count_, StringId{});
    for (uint32_t i = 0; i < count_; i++) {
      heap.address[i] = 0x10000 + uint64_t{i} * 64;
      heap.size[place_[i]] = size_[i];
      heap.birth_order[place_[i]] = i + 1;
    }
    heap.block_count = count_;
  }

  void fill_references(Heap& heap) {
    std::vector<uint64_t>& offsets = heap.references.offsets;
    assign_column(offsets, size_t{count_} + 1, uint64_t{0});
    for (const Edge& edge : edges_) offsets[place_[edge.from] + 1]++;
    for (uint32_t i = 0; i < count_; i++) offsets[i + 1] += offsets[i];
    std::vector<uint64_t> next(offsets.begin(), offsets.end() - 1);
    assign_column(heap.referent, edges_.size(), ObjectId{});
    assign_column(heap.label, edges_.size(), LabelId{});
    assign_column(heap.element, edges_.size(), kNoElement);
    assign_column(heap.kind, edges_.size(), ReferenceKind::kStrong);
    assign_column(heap.certainty, edges_.size(), Certainty::kExact);
    for (const Edge& edge : edges_) {
      const uint64_t row = next[place_[edge.from]]++;
      heap.referent[row] = ObjectId{place_[edge.to]};
      heap.label[row] = LabelId{edge.label};
      heap.strong_count[place_[edge.to]]++;
    }
  }

  Dice dice_;
  uint32_t count_, types_, at_ = 0;
  std::vector<Edge> edges_;
  std::vector<uint32_t> roots_, size_, place_;
  std::vector<uint8_t> cut_off_;
};

}  // namespace

Heap synthetic_heap(uint32_t objects, uint64_t seed) { return Generator(objects, seed).build(); }

}  // namespace reftally
