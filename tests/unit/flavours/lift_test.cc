// Heaps made word by word, as a program without debug information leaves them.
#include "analyzer/flavours/lift.h"

#include <catch2/catch.hpp>

#include "tests/support/heap_inspector.h"
#include "tests/support/image_builder.h"

using namespace reftally;
using namespace reftally::test;

namespace {

Heap lift_without_types(const Image& image) {
  const DebugTypes types(image, DebugOptions{.use_dwarf = false});
  return lift(image, types, LiftOptions{.use_types = false});
}

// Parent { vector<shared_ptr<Child>> } and Child { shared_ptr<Parent> or weak_ptr<Parent> at +0 }.
struct Family {
  ImageBuilder memory;
  uint64_t parent = 0, buffer = 0;
  std::vector<uint64_t> children;

  Family(int count, uint32_t parent_strong, uint32_t parent_weak, uint64_t capacity = 0) {
    parent = memory.make_shared("6Parent", parent_strong, parent_weak, 24);
    buffer = memory.block(16 * std::max<uint64_t>(capacity, count));
    memory.set(parent + 16, buffer);
    memory.set(parent + 24, buffer + 16 * count);
    memory.set(parent + 32, buffer + 16 * std::max<uint64_t>(capacity, count));
    for (int i = 0; i < count; ++i) {
      const uint64_t child = memory.make_shared("5Child", 1, 0, 16);
      memory.set_pair(buffer + 16 * i, child);
      memory.set_pair(child + 16, parent);
      children.push_back(child);
    }
  }
};

}  // namespace

TEST_CASE("a cycle through a vector is strong all round when there are no weak counts") {
  Family family(2, 2, 0);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.type_of(family.parent) == "Parent");
  CHECK(see.type_of(family.buffer) == "block of 32 bytes");
  CHECK(see.strong_count(family.parent) == 2);
  CHECK(see.strong_count(family.buffer) == kUncounted);
  CHECK(see.between(family.parent, family.buffer).starts_with("raw/conservative Parent::+0"));
  CHECK(see.between(family.buffer, family.children[0]) == "strong/counted");
  CHECK(see.between(family.children[0], family.parent) == "strong/counted Child::+0");
  CHECK(heap.roots.empty());
  CHECK(heap.block_count == 4);
}

TEST_CASE("more back references than strong counts are weak") {
  Family family(2, 1, 2);
  const uint64_t holder = family.memory.static_words(2);
  family.memory.set_pair(holder, family.parent);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.between(family.children[0], family.parent) == "weak/counted Child::+0");
  CHECK(see.roots_of(family.parent) == "static strong/counted");
}

TEST_CASE("one back reference and one holder cannot be told apart, and both stay possible owners") {
  Family family(1, 1, 1);
  const uint64_t holder = family.memory.static_words(2);
  family.memory.set_pair(holder, family.parent);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.between(family.children[0], family.parent) == "ambiguous/conservative Child::+0");
  CHECK(see.roots_of(family.parent) == "static ambiguous/conservative");
}

TEST_CASE("a stale word on a stack does not own what the heap's words pay for in full") {
  Family family(2, 2, 0);
  const uint64_t stale = family.memory.stack_words(2);
  family.memory.set_pair(stale, family.parent);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).roots_of(family.parent) == "stack raw/conservative");
}

TEST_CASE("a live holder on a stack owns when the count has a unit for it") {
  Family family(2, 3, 0);
  const uint64_t live = family.memory.stack_words(2);
  family.memory.set_pair(live, family.parent);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).roots_of(family.parent) == "stack strong/counted");
}

TEST_CASE("an address that a register left on the stack beside a shared_ptr is not another one") {
  Family family(2, 5, 0);  // three units more than words in the heap: one on the stack, two lost
  const uint64_t words = family.memory.stack_words(4);
  family.memory.set_pair(words, family.parent);
  family.memory.set(words + 24, family.parent);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).roots_of(family.parent) == "stack strong/counted; stack ambiguous/conservative");
}

TEST_CASE("more words on stacks than units left may each be the owner") {
  Family family(2, 3, 0);
  const uint64_t words = family.memory.stack_words(4);
  family.memory.set_pair(words, family.parent);
  family.memory.set_pair(words + 16, family.parent);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).roots_of(family.parent) == "stack ambiguous/conservative; stack ambiguous/conservative");
}

TEST_CASE("a stale stack word cannot own when live words and weak counts leave nothing") {
  // enable_shared_from_this: the object's own word and the child's take the strong and the weak unit
  Family family(1, 1, 1);
  family.memory.set(family.parent + 24, family.parent);  // stands for the weak self reference
  const uint64_t stale = family.memory.stack_words(2);
  family.memory.set_pair(stale, family.parent);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).roots_of(family.parent) == "stack raw/conservative");
}

TEST_CASE("thread-local words are as good as static ones") {
  Family family(2, 3, 0);
  family.memory.set_pair(family.memory.thread_local_words(2), family.parent);
  const Image image = family.memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).roots_of(family.parent) == "thread_local strong/counted");
}

TEST_CASE("a slot proved for one object of a type is proved for all") {
  ImageBuilder memory;
  std::vector<uint64_t> nodes, watched;
  for (int i = 0; i < 2; ++i) nodes.push_back(memory.make_shared("4Node", 1, 0, 16));
  const uint64_t plain = memory.make_shared("6Target", 1, 0, 8), both = memory.make_shared("6Target", 1, 1, 8);
  memory.set_pair(nodes[0] + 16, plain);
  memory.set_pair(nodes[1] + 16, both);
  const uint64_t watcher = memory.block(16);
  memory.set_pair(watcher, both);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.between(nodes[1], both) == "strong/counted Node::+0");
  CHECK(see.between(watcher, both) == "weak/counted");
}

TEST_CASE("the block of a value deleted with delete is part of its control block's object") {
  ImageBuilder memory;
  const uint64_t value = memory.block(40);
  const uint64_t control = memory.counted_pointer("3Foo", 1, 0, value);
  const uint64_t watcher = memory.block(8);
  memory.set(watcher, value + 8);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.at(value) == kNoObject);
  CHECK(see.size_of(control) == 64);
  CHECK(see.between(watcher, control) == "raw/conservative");
}

TEST_CASE("a value with an unknown deleter stays a block, held strongly by its control block") {
  ImageBuilder memory;
  const uint64_t value = memory.block(40);
  const uint64_t control = memory.block(32);
  memory.set(control, memory.vtable("St19_Sp_counted_deleterIP3FooPFvS1_ESaIvELN9__gnu_cxx12_Lock_policyE2EE"));
  memory.set_counts(control + 8, 1, 1);
  memory.set(control + 24, value);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.strong_count(value) == kUncounted);
  CHECK(see.between(control, value).starts_with("strong/exact"));
}

TEST_CASE("default_delete is known to free the value") {
  ImageBuilder memory;
  const uint64_t value = memory.block(40), control = memory.block(24);
  memory.set(control,
             memory.vtable("St19_Sp_counted_deleterIP3FooSt14default_deleteIS0_ESaIvELN9__gnu_cxx12_Lock_policyE2EE"));
  memory.set_counts(control + 8, 1, 1);
  memory.set(control + 16, value);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).at(value) == kNoObject);
}

TEST_CASE("control blocks inside a bigger block are objects of their own") {
  ImageBuilder memory;
  const uint64_t pool = memory.block(256);
  memory.place_control_block(pool + 64, "1A", 1, 0);
  memory.place_control_block(pool + 128, "1B", 1, 0);
  memory.set_pair(pool + 64 + 16, pool + 128);
  memory.set_pair(pool + 128 + 16, pool + 64);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.type_of(pool + 64) == "A");
  // where they end is not known: somebody else's dead words may follow
  CHECK(see.between(pool + 64, pool + 128) == "ambiguous/conservative A::+0");
  CHECK(see.between(pool + 128, pool + 64) == "ambiguous/conservative B::+0");
  CHECK(see.size_of(pool + 64) == 64);
  CHECK(see.size_of(pool) == 64);
}

TEST_CASE("a destroyed neighbour in a pool ends the object before it") {
  ImageBuilder memory;
  const uint64_t pool = memory.block(256), other = memory.make_shared("5Other", 1, 0, 16);
  memory.place_control_block(pool, "1A", 1, 0);
  memory.place_control_block(pool + 64, "1A", 1, 0);
  memory.place_control_block(pool + 128, "1B", 0, 0);
  memory.set_pair(pool + 128 + 16, other);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.size_of(pool + 64) == 64);
  CHECK(see.between(pool + 64, other).empty());
}

TEST_CASE("the control block of make_shared<T[]> stands behind its elements") {
  ImageBuilder memory;
  const uint64_t block = memory.block(3 * 16 + 40), control = block + 48;
  memory.set(control, memory.vtable("St17_Sp_counted_arrayISaI3FooELN9__gnu_cxx12_Lock_policyE2EE"));
  memory.set_counts(control + 8, 1, 1);
  memory.set(control + 16, 3);
  memory.set(control + 32, block);
  memory.set_pair(block + 16, control, block);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(heap.object_count() == 1);
  CHECK(see.type_of(control) == "Foo[]");
  CHECK(see.between(control, control).starts_with("strong/counted Foo[]::+16"));
}

TEST_CASE("arrays of Boost's and libc++'s make_shared stand behind their control block") {
  struct Case {
    const char* control_block;
    uint64_t counts_at, count_at, first, count;  // offsets; 0 where the class says how many
    const char* type;
  };
  const Case cases[] = {
      {"N5boost6detail13sp_array_baseINS0_14sp_array_stateISaI3FooEEEEE", 8, 24, 32, 3, "Foo[]"},
      {"N5boost6detail13sp_array_baseINS0_19sp_size_array_stateISaI3FooELm3EEEEE", 8, 0, 24, 3, "Foo[]"},
      {"N5boost6detail13sp_array_baseINS0_14sp_array_stateISaIA2_3FooEEEEE", 8, 24, 32, 2, "Foo[]"},
      {"N5boost6detail13sp_array_baseINS0_14sp_array_stateINS_14noinit_adaptorISaI3FooEEEEEEE", 8, 24, 32, 3, "Foo[]"},
      {"NSt3__131__unbounded_array_control_blockIA_3FooNS_9allocatorIS1_EEEE", 0, 24, 32, 3, "Foo[]"},
      {"NSt3__129__bounded_array_control_blockIA3_3FooNS_9allocatorIS1_EEEE", 0, 0, 24, 3, "Foo[]"},
  };
  for (const Case& array : cases) {
    CAPTURE(array.control_block);
    ImageBuilder memory;
    const uint64_t block = memory.block(128), other = memory.make_shared("5Other", 1, 0, 16);
    memory.set(block, memory.vtable(array.control_block));
    if (array.counts_at) memory.set_counts(block + array.counts_at, 1, 1);  // else zero: one, less one
    if (array.count_at) memory.set(block + array.count_at, array.count);
    memory.set_pair(block + array.first + 16, other);
    const Image image = memory.build();
    const Heap heap = lift_without_types(image);
    const HeapInspector see(heap);
    CHECK(see.type_of(block) == array.type);
    CHECK(see.between(block, other) == "strong/counted " + std::string(array.type) + "::+16");
  }
}

TEST_CASE("counts beyond reason are no control block") {
  ImageBuilder memory;
  const uint64_t stale = memory.make_shared("3Foo", 0, 0, 16);
  const uint64_t absurd = memory.make_shared("3Foo", 0x7fffffff, 1, 16);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).strong_count(stale) == kUncounted);
  CHECK(HeapInspector(heap).strong_count(absurd) == kUncounted);
}

TEST_CASE("an expired object that weak references keep in memory has a strong count of zero") {
  ImageBuilder memory;
  const uint64_t expired = memory.make_shared("3Foo", 0, 1, 16);
  memory.set_pair(memory.static_words(2), expired);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.strong_count(expired) == 0);
  CHECK(see.weak_count(expired) == 1);
  CHECK(see.roots_of(expired) == "static weak/counted");
}

TEST_CASE("what a destroyed object held it holds no more") {
  ImageBuilder memory;
  const uint64_t expired = memory.make_shared("3Foo", 0, 1, 32), other = memory.make_shared("3Bar", 1, 0, 16);
  memory.set_pair(memory.static_words(2), expired);
  memory.set_pair(expired + 16, expired);
  memory.set_pair(expired + 32, other);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.roots_of(expired) == "static weak/counted");
  CHECK(see.between(expired, expired).empty());
  CHECK(see.between(expired, other).starts_with("raw/conservative"));
}

TEST_CASE("polymorphic blocks are named by their type_info") {
  ImageBuilder memory;
  const uint64_t block = memory.block(64);
  memory.set(block, memory.vtable("N3app6WindowE"));
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  CHECK(HeapInspector(heap).type_of(block) == "app::Window");
}

TEST_CASE("libc++ and Boost control blocks are recognised") {
  ImageBuilder memory;
  const uint64_t libcxx = memory.block(48), boost = memory.block(24), value = memory.block(8);
  memory.set(libcxx, memory.vtable("NSt3__120__shared_ptr_emplaceI3FooNS_9allocatorIS1_EEEE"));
  memory.set(libcxx + 8, 1);  // two strong, one weak: both stored less one
  memory.set(libcxx + 16, 1);
  memory.set(boost, memory.vtable("N5boost6detail17sp_counted_impl_pI3BarEE"));
  memory.set_counts(boost + 8, 1, 1);
  memory.set(boost + 16, value);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.type_of(libcxx) == "Foo");
  CHECK(see.strong_count(libcxx) == 2);
  CHECK(see.weak_count(libcxx) == 1);
  CHECK(see.type_of(boost) == "Bar");
  CHECK(see.size_of(boost) == 32);
}

TEST_CASE("the value of Boost's make_shared stands in the deleter") {
  ImageBuilder memory;
  const uint64_t object = memory.block(56), other = memory.make_shared("5Other", 1, 0, 16);
  memory.set(object, memory.vtable("N5boost6detail18sp_counted_impl_pdIP3FooNS0_13sp_ms_deleterIS2_EEEE"));
  memory.set_counts(object + 8, 1, 1);
  memory.set_pair(object + 32, other);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.type_of(object) == "Foo");
  CHECK(see.between(object, other) == "strong/counted Foo::+0");
}

TEST_CASE("the lock bit of atomic<shared_ptr> is not part of the address") {
  ImageBuilder memory;
  const uint64_t object = memory.make_shared("3Foo", 1, 0, 16);
  const uint64_t word = memory.static_words(2);
  memory.set_pair(word, object);
  memory.set(word + 8, object | 1);
  const Image image = memory.build();
  CHECK(HeapInspector(lift_without_types(image)).roots_of(object) == "static strong/counted");
}

TEST_CASE("pointers with a tag in the top bits keep alive") {
  ImageBuilder memory;
  const uint64_t block = memory.block(16);
  memory.set(memory.other_words(1), block | uint64_t{7} << 48);
  const Image image = memory.build();
  CHECK(HeapInspector(lift_without_types(image)).roots_of(block) == "external raw/conservative");
}

TEST_CASE("the allocator's own bins are no roots") {
  ImageBuilder memory;
  const uint64_t block = memory.block(24);
  const uint64_t state = memory.static_words(300);
  memory.set(state + 96, block + 16);  // top
  for (int bin = 0; bin < 127; ++bin) {
    const uint64_t at = state + 112 + 16 * bin;
    memory.set(at, at - 16);
    memory.set(at + 8, at - 16);
  }
  memory.set(state + 112 + 16 * 5, block + 16);  // a bin that is not empty
  const uint64_t other = memory.static_words(4000);
  memory.set(other + 8 * 3999, block);
  const Image image = memory.build();
  CHECK(HeapInspector(lift_without_types(image)).roots_of(block) == "static raw/conservative");
}

TEST_CASE("static maps that are empty are not taken for the allocator's bins: what lies among them is a root") {
  constexpr uint64_t kMap = 48, kMaps = 40;  // std::map: 8 bytes, then color, parent, left, right, number of nodes
  ImageBuilder memory;
  const uint64_t block = memory.block(24), maps = memory.static_words(kMap / 8 * kMaps + 1);
  for (uint64_t map = maps; map != maps + kMap * kMaps; map += kMap) {
    memory.set(map + 24, map + 8);
    memory.set(map + 32, map + 8);
  }
  memory.set(maps + kMap * kMaps, block);
  const Image image = memory.build();
  CHECK(HeapInspector(lift_without_types(image)).roots_of(block) == "static raw/conservative");
}

TEST_CASE("what a vector on a stack has between its begin and its end is in use, what lies beyond is not") {
  ImageBuilder memory;
  constexpr int kRoom = 40;  // a large block: by itself it may be a pool, with dead words anywhere
  const uint64_t buffer = memory.block(16 * kRoom), vector = memory.stack_words(3);
  const uint64_t held = memory.make_shared("5Child", 1, 0, 16), beyond = memory.make_shared("5Child", 1, 0, 16);
  memory.set_pair(buffer, held);
  memory.set_pair(buffer + 16, beyond);
  memory.set(vector, buffer);
  memory.set(vector + 8, buffer + 16);
  memory.set(vector + 16, buffer + 16 * kRoom);
  const Image image = memory.build();
  const Heap heap = lift_without_types(image);
  const HeapInspector see(heap);
  CHECK(see.between(buffer, held) == "strong/counted");
  CHECK(see.between(buffer, beyond) == "ambiguous/conservative");
}

TEST_CASE("what a thread at work has on its stack is in hand, what one leaves at its end is not") {
  const auto is_in_hand = [](uint32_t thread_flags, dump::SnapshotReason reason) {
    ImageBuilder memory;
    const uint64_t list = memory.block(64);
    memory.set(memory.stack_words(1), list + 16);
    Image image = memory.build();
    image.threads[0].flags |= thread_flags;
    image.process.reason = reason;
    const Heap heap = lift_without_types(image);
    return (heap.flags[index(HeapInspector(heap).at(list))] & kObjectInHand) != 0;
  };
  CHECK(is_in_hand(dump::kThreadTookSnapshot, dump::SnapshotReason::kSignal));
  CHECK(is_in_hand(0, dump::SnapshotReason::kMainReturned));
  CHECK(!is_in_hand(dump::kThreadTookSnapshot, dump::SnapshotReason::kMainReturned));
  CHECK(!is_in_hand(dump::kThreadTookSnapshot, dump::SnapshotReason::kExitCalled));
}
