// Values made by hand, sound and hostile. Real layouts are checked against real programs in tests/programs/layouts.
#include "analyzer/layouts/walker.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/support/image_builder.h"
#include "tests/support/type_builder.h"

using namespace reftally;
using namespace reftally::test;

namespace {

class Recorder final : public ValueVisitor {
 public:
  explicit Recorder(Paths& paths) : paths_(paths) {}
  bool take(uint64_t word) override { return taken_.insert(word).second; }
  bool is_counter(uint64_t address) const override { return counters.count(address) != 0; }
  void counted(const Value& at, uint64_t counter, bool strong) override {
    note(at, (strong ? "strong " : "weak ") + std::to_string(counter));
  }
  void pointer(const Value& at, uint64_t target, const Type*, bool owns) override {
    note(at, (owns ? "owns " : "raw ") + std::to_string(target));
  }
  bool storage(uint64_t address, uint64_t) override { return storages.insert(address).second; }
  void opaque(uint64_t begin, uint64_t end, PathId) override { opaque_bytes += end - begin; }

  std::set<uint64_t> counters, storages;
  std::multiset<std::string> found;
  uint64_t opaque_bytes = 0;

 private:
  void note(const Value& at, const std::string& what) {
    const PathText text = paths_.text(at.path);
    std::string place = text.owner.empty() ? text.path : text.owner + "::" + text.path;
    if (at.index != kNoIndex) place += "#" + std::to_string(at.index);
    found.insert(place + " " + what);
  }
  Paths& paths_;
  std::set<uint64_t> taken_;
};

struct Fixture {
  ImageBuilder memory;
  TypeBuilder types;
  const Type* child = types.structure("Child", 8, {});
  uint64_t object = 0;
  std::set<uint64_t> counters;

  uint64_t counter() {
    const uint64_t address = memory.make_shared("5Child", 1, 0, 8);
    counters.insert(address);
    return address;
  }

  Recorder walk(const Type* type, uint64_t address) {
    const Image image = memory.build();
    const DebugTypes none(image, DebugOptions{.use_dwarf = false});
    Paths paths;
    Recorder recorder(paths);
    recorder.counters = counters;
    Walker(image, none, paths).walk({type, address}, recorder);
    return recorder;
  }
};

std::string text(const char* place, uint64_t address) { return place + std::to_string(address); }

}  // namespace

TEST_CASE("members at any depth are named from the class that declares the first") {
  Fixture f;
  const Type* inner = f.types.structure(
      "Inner", 32, {{"count", 0, f.types.integer("int", 4)}, {"watch_", 8, f.types.weak_ptr(f.child)}});
  const Type* base = f.types.structure("Base", 16, {{"held_", 0, f.types.shared_ptr(f.child)}});
  const Type* derived = f.types.structure("Derived", 48, {{"Base", 0, base, true}, {"inner_", 16, inner}});
  const uint64_t object = f.memory.block(48), strong = f.counter(), weak = f.counter();
  f.memory.set_pair(object, strong);
  f.memory.set_pair(object + 24, weak);
  CHECK(f.walk(derived, object).found ==
        std::multiset<std::string>{text("Base::held_ strong ", strong), text("Derived::inner_.watch_ weak ", weak)});
}

TEST_CASE("a vector's elements end where it ends, not where its storage ends") {
  Fixture f;
  const Type* owner = f.types.structure("Owner", 24, {{"all_", 0, f.types.vector(f.types.shared_ptr(f.child))}});
  const uint64_t object = f.memory.block(24), buffer = f.memory.block(64), first = f.counter(), stale = f.counter();
  f.memory.set(object, buffer);
  f.memory.set(object + 8, buffer + 16);
  f.memory.set(object + 16, buffer + 64);
  f.memory.set_pair(buffer, first);
  f.memory.set_pair(buffer + 16, stale);
  const Recorder seen = f.walk(owner, object);
  CHECK(seen.found == std::multiset<std::string>{text("Owner::all_[]#0 strong ", first)});
  CHECK(seen.storages == std::set<uint64_t>{buffer});
}

TEST_CASE("a vector that is no vector is opaque") {
  Fixture f;
  const Type* vector = f.types.vector(f.types.shared_ptr(f.child));
  const uint64_t object = f.memory.block(24), buffer = f.memory.block(64);
  auto opaque_bytes = [&](uint64_t begin, uint64_t end, uint64_t limit) {
    f.memory.set(object, begin);
    f.memory.set(object + 8, end);
    f.memory.set(object + 16, limit);
    return f.walk(vector, object).opaque_bytes;
  };
  CHECK(opaque_bytes(buffer + 32, buffer, buffer + 64) == 24);    // ends before it begins
  CHECK(opaque_bytes(buffer, buffer + 24, buffer + 64) == 24);    // half an element
  CHECK(opaque_bytes(buffer, buffer + 64, buffer + 4096) == 24);  // beyond its block
  CHECK(opaque_bytes(0x666, 0x666 + 16, 0x666 + 16) == 24);       // in no memory we have
  CHECK(opaque_bytes(0, 0, 0) == 0);                              // empty
}

TEST_CASE("a list that runs in circles is walked once round") {
  Fixture f;
  const Type* list = f.types.list(f.types.shared_ptr(f.child));
  const uint64_t object = f.memory.block(24), one = f.memory.block(32), two = f.memory.block(32), held = f.counter();
  f.memory.set(object, one);
  f.memory.set(one, two);
  f.memory.set(two, one);  // never back to the head
  f.memory.set_pair(one + 16, held);
  f.memory.set_pair(two + 16, held);
  CHECK(f.walk(list, object).found.size() == 2);
}

TEST_CASE("an optional that is not engaged holds nothing, whatever its bytes say") {
  Fixture f;
  const Type* optional = f.types.optional(f.types.shared_ptr(f.child));
  const uint64_t object = f.memory.block(24), held = f.counter();
  f.memory.set_pair(object, held);
  CHECK(f.walk(optional, object).found.empty());
  f.memory.set(object + 16, 1);
  CHECK(f.walk(optional, object).found.size() == 1);
  f.memory.set(object + 16, 7);
  CHECK(f.walk(optional, object).opaque_bytes == 24);
}

TEST_CASE("a regular expression's state holds a function for one opcode, and else what nobody has set") {
  Fixture f;
  const Type* state = f.types.regex_state(f.types.shared_ptr(f.child));
  const uint64_t object = f.memory.block(48), held = f.counter();
  f.memory.set_pair(object + 16, held);
  f.memory.set(object, 11);
  CHECK(f.walk(state, object).found.size() == 1);
  f.memory.set(object, 1);
  Recorder seen = f.walk(state, object);
  CHECK(seen.found.empty());
  CHECK(seen.opaque_bytes == 0);
  for (uint64_t unset = 16; unset < 48; unset += 8) CHECK_FALSE(seen.take(object + unset));
}

TEST_CASE("a variant is the alternative its index names") {
  Fixture f;
  const Type* variant =
      f.types.variant({f.types.integer("int", 4), f.types.shared_ptr(f.child), f.types.weak_ptr(f.child)}, 16);
  const uint64_t object = f.memory.block(24), held = f.counter();
  f.memory.set_pair(object, held);
  auto found = [&](uint64_t index) {
    f.memory.set(object + 16, index);
    const Recorder seen = f.walk(variant, object);
    return seen.opaque_bytes ? "opaque" : seen.found.empty() ? "" : seen.found.begin()->substr(1, 4);
  };
  CHECK(found(0) == "");
  CHECK(found(1) == "stro");
  CHECK(found(2) == "weak");
  CHECK(found(3) == "opaque");
  CHECK(found(255) == "");  // valueless
}

TEST_CASE("a counter nobody knows makes the member opaque") {
  Fixture f;
  const uint64_t object = f.memory.block(16);
  f.memory.set_pair(object, 0x12345678);
  const Recorder seen = f.walk(f.types.shared_ptr(f.child), object);
  CHECK(seen.found.empty());
  CHECK(seen.opaque_bytes == 16);
}

TEST_CASE("unions and byte arrays are opaque, scalars are nothing") {
  Fixture f;
  const Type* type = f.types.structure("S", 56,
                                       {{"u", 0, f.types.union_of(16)},
                                        {"bytes", 16, f.types.array(f.types.integer("char", 1), 32)},
                                        {"n", 48, f.types.integer("long", 8)}});
  CHECK(f.walk(type, f.memory.block(56)).opaque_bytes == 48);
}

TEST_CASE("members of which the name alone is known end where the next begins, also many") {
  constexpr uint64_t kMembers = 400'000;
  Fixture f;
  const Type bare{.kind = Type::Kind::kClass, .name = "Bare", .short_name = "Bare", .is_declaration = true};
  Type type{.kind = Type::Kind::kClass, .name = "Many", .short_name = "Many", .size = 8 * kMembers};
  for (uint64_t i = kMembers; i-- > 0;) type.members.push_back({"m" + std::to_string(i), 8 * i, &bare});
  const uint64_t object = f.memory.block(8 * kMembers);
  CHECK(f.walk(&type, object).opaque_bytes == 8 * kMembers);  // three minutes when each was compared with all
}

TEST_CASE("paths do not grow with a tree held by value") {
  Fixture f;
  // struct Node { vector<Node> below_; shared_ptr<Child> held_; }, made around the knot
  Type node{.kind = Type::Kind::kClass, .name = "Node", .short_name = "Node", .size = 40};
  node.members = {{"below_", 0, f.types.vector(&node)}, {"held_", 24, f.types.shared_ptr(f.child)}};
  const uint64_t held = f.counter(), top = f.memory.block(40);
  uint64_t at = top;
  for (int depth = 0; depth < 5000; ++depth) {
    f.memory.set_pair(at + 24, held);
    const uint64_t below = f.memory.block(40);
    f.memory.set(at, below);
    f.memory.set(at + 8, below + 40);
    f.memory.set(at + 16, below + 40);
    at = below;
  }
  const Recorder seen = f.walk(&node, top);
  CHECK(seen.found.size() == 5000);
  CHECK(std::set<std::string>(seen.found.begin(), seen.found.end()) ==
        std::set<std::string>{text("Node::held_ strong ", held), text("Node::below_[].held_#0 strong ", held)});
}
