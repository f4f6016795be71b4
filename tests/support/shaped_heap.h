// Heaps of one extreme shape: what recursion or a careless loop over the objects of a component does not survive.
#pragma once

#include <vector>

#include "analyzer/heap/heap.h"

namespace reftally {

enum class Shape { kChain, kDoublyLinked, kStar, kRing, kLadder, kCliques, kOneClique, kTree, kManyRings };
inline constexpr std::pair<Shape, const char*> kShapes[] = {
    {Shape::kChain, "chain"},
    {Shape::kDoublyLinked, "doubly linked list"},
    {Shape::kStar, "star, each back to the hub"},
    {Shape::kRing, "one ring"},
    {Shape::kLadder, "ladder, rungs both ways"},
    {Shape::kCliques, "cliques of 8 in a row"},
    {Shape::kOneClique, "a clique holds a chain"},
    {Shape::kTree, "binary tree to its parents"},
    {Shape::kManyRings, "rings of 2 to 1000"},
};

enum class Fate {
  kHeld,       // a static variable refers to the first object
  kLingering,  // the same, and the last object was declared released
  kDead,       // nothing refers to it from outside; a first object nobody refers to has a lost reference
};

class ShapedHeap {
 public:
  ShapedHeap(Shape shape, uint32_t objects) : count_(objects) { draw(shape); }

  Heap build(Fate fate) {
    HeapBuilder builder;
    const TypeId type = builder.add_type("Node");
    const LabelId labels[] = {builder.add_label("Node", "next_"), builder.add_label("Node", "items_[]"),
                              builder.add_label("Node", "owner_")};
    std::vector<int64_t> strong(count_, 0);
    for (const Edge& edge : edges_) strong[edge.to]++;
    if (fate != Fate::kDead || strong[0] == 0) strong[0]++;
    for (uint32_t i = 0; i < count_; i++) {
      HeapBuilder::Object object;
      object.address = 0x10000 + uint64_t{i} * 64;
      object.size = 48;
      object.type = type;
      object.flavour = FlavourId::kSharedPtr;
      object.strong_count = strong[i];
      object.birth_order = i + 1;
      if (fate == Fate::kLingering && i + 1 == count_) object.flags = dump::kObjectReleased;
      builder.add_object(object);
    }
    for (const Edge& edge : edges_) builder.add_reference({ObjectId{edge.from}, ObjectId{edge.to}, labels[edge.label]});
    if (fate != Fate::kDead)
      builder.add_root(
          {ObjectId{0}, RootKind::kStatic, ReferenceKind::kStrong, Certainty::kExact, builder.intern("g_first")});
    builder.set_block_totals(count_, uint64_t{count_} * 48);
    std::vector<Edge>().swap(edges_);
    return std::move(builder).build();
  }

 private:
  enum Label : uint8_t { kNext, kItem, kBack };
  struct Edge {
    uint32_t from, to;
    Label label;
  };

  void draw(Shape shape) {
    switch (shape) {
      case Shape::kChain:
        return chain(0, count_);
      case Shape::kDoublyLinked:
        chain(0, count_);
        for (uint32_t i = 1; i < count_; i++) add(i, i - 1, kBack);
        return;
      case Shape::kStar:
        for (uint32_t i = 1; i < count_; i++) add(0, i, kItem), add(i, 0, kBack);
        return;
      case Shape::kRing:
        chain(0, count_);
        return add(count_ - 1, 0, kNext);
      case Shape::kLadder:
        for (uint32_t i = 0; i + 3 < count_; i += 2) add(i, i + 2, kNext), add(i + 1, i + 3, kNext);
        for (uint32_t i = 0; i + 1 < count_; i += 2) add(i, i + 1, kItem), add(i + 1, i, kBack);
        return;
      case Shape::kCliques:
        for (uint32_t i = 0; i + 8 <= count_; i += 8) clique(i, 8);
        for (uint32_t i = 8; i < count_; i += 8) add(i - 8, i, kNext);
        return;
      case Shape::kOneClique:
        for (size_ = 2; uint64_t{size_} * size_ < count_; size_++) continue;
        clique(0, size_);
        return chain(size_ - 1, count_);
      case Shape::kTree:
        for (uint32_t i = 1; i < count_; i++) add((i - 1) / 2, i, kItem), add(i, (i - 1) / 2, kBack);
        return;
      case Shape::kManyRings:
        for (uint32_t i = 0, length = 2; i + length <= count_; i += length, length = 2 + (length * 7 + i) % 999) {
          chain(i, i + length);
          add(i + length - 1, i, kNext);
        }
    }
  }

  void add(uint32_t from, uint32_t to, Label label) { edges_.push_back({from, to, label}); }
  void chain(uint32_t first, uint32_t end) {
    for (uint32_t i = first; i + 1 < end; i++) add(i, i + 1, kNext);
  }
  void clique(uint32_t first, uint32_t size) {
    for (uint32_t a = first; a < first + size; a++)
      for (uint32_t b = first; b < first + size; b++)
        if (a != b) add(a, b, kItem);
  }

  uint32_t count_, size_ = 0;
  std::vector<Edge> edges_;
};

}  // namespace reftally
