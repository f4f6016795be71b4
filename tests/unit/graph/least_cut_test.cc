#include "analyzer/graph/least_cut.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "analyzer/graph/reference_graph.h"
#include "analyzer/heap/drawing.h"
#include "tests/support/rounds.h"

using namespace reftally;

namespace {

struct Told {
  std::set<std::string> places;
  uint64_t freed_objects, freed_bytes, stay;
};

std::string place_name(const Heap& heap, const CutPlace& place) {
  if (place.root) return std::string(heap.text(heap.roots[*place.root].name));
  return std::string(heap.text(heap.labels[index(heap.label[*place.reference])].path));
}

LeastCut cut_in(const Heap& heap, RetainingPaths& paths, const std::vector<ObjectId>& objects) {
  const Accounts accounts = close_accounts(heap);
  return find_least_cut(heap, accounts, find_reachable(heap, accounts), paths, objects);
}

Told cut_of(const char* drawing, std::initializer_list<const char*> names) {
  const DrawnHeap drawn = read_drawing(drawing);
  RetainingPaths paths(drawn.heap);
  std::vector<ObjectId> objects;
  for (const char* name : names) objects.push_back(drawn[name]);
  const LeastCut cut = cut_in(drawn.heap, paths, objects);
  Told told{{}, cut.freed_objects, cut.freed_bytes, cut.stay};
  for (const CutPlace& place : cut.places) told.places.insert(place_name(drawn.heap, place));
  return told;
}

using Names = std::set<std::string>;

}  // namespace

TEST_CASE("one holder is cleared, and what only it keeps goes") {
  const Told told =
      cut_of("static g => r(Registry)[16] =[sessions_[]]=> s(Session)[16] =[buffer_]=> b(Buffer)[100]", {"s"});
  CHECK(told.places == Names{"sessions_[]"});
  CHECK(told.freed_objects == 2);
  CHECK(told.freed_bytes == 116);
}

TEST_CASE("many references of one member are one place") {
  const Told told =
      cut_of("static g => r(Registry)[16]; r =[sessions_[]#0]=> a(Session)[16]; r =[sessions_[]#1]=> b(Session)[16]",
             {"a", "b"});
  CHECK(told.places == Names{"sessions_[]"});
  CHECK(told.freed_objects == 2);
}

TEST_CASE("two holders are both cleared, unless both hang on one") {
  CHECK(cut_of("static g => r(Registry)[16] =[a_]=> s(S)[16]; static h => q(Queue)[16] =[b_]=> s", {"s"}).places ==
        Names{"a_", "b_"});
  CHECK(cut_of("static g => r(Registry)[16]; r =[left_]=> a(A)[16] =[s_]=> s(S)[16]; r =[right_]=> b(B)[16] =[s_]=> s",
               {"s"})
            .places == Names{"g"});
}

TEST_CASE("a root that holds an object itself is a place, and weak references are none") {
  CHECK(cut_of("static g => s(S)[16]; static h => w(W)[16]; w ~[observer_]~> s", {"s"}).places == Names{"g"});
}

TEST_CASE("what somebody holds whom nobody sees would stay, and what it owns") {
  const Told told = cut_of("static g => s(Session)[16]:2; s =[buffer_]=> b(Buffer)[100]", {"s"});
  CHECK(told.places == Names{"g"});
  CHECK(told.freed_objects == 0);
  CHECK(told.stay == 1);
}

TEST_CASE("nothing is to be cleared where no root owns the object") {
  CHECK(cut_of("a(A)[16] =[b_]=> b(B)[16] =[a_]=> a", {"a"}).places.empty());
}

namespace {

bool is_owned_without(const Heap& heap, ObjectId wanted, const std::set<std::string>& cleared) {
  std::vector<ObjectId> open;
  std::set<ObjectId> seen;
  const auto reach = [&](ObjectId object) {
    if (seen.insert(object).second) open.push_back(object);
  };
  for (const HeapRoot& root : heap.roots)
    if (root_can_own(heap, root) && !cleared.contains(std::string(heap.text(root.name)))) reach(root.to);
  while (!open.empty()) {
    const uint32_t from = index(open.back());
    open.pop_back();
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      if (can_own(heap, row) && !cleared.contains(std::string(heap.text(heap.labels[index(heap.label[row])].path))))
        reach(heap.referent[row]);
  }
  return seen.contains(wanted);
}

}  // namespace

// Every object is of a type of its own and every reference has a name of its own, so that places are references.
TEST_CASE("no smaller set of places frees the object, in random heaps") {
  std::mt19937 random(5);
  for (int round = 0; round < rounds(2000); round++) {
    const uint32_t objects = 2 + random() % 5, references = 1 + random() % 7;
    std::string drawing;
    Names all;
    for (uint32_t i = 0; i < objects; i++) drawing += fmt::format("o{0}(T{0})[16];", i);
    for (uint32_t i = 0; i < references; i++, all.insert(fmt::format("m{}_", i - 1)))
      drawing += fmt::format("o{} =[m{}_]=> o{};", random() % objects, i, random() % objects);
    for (uint32_t i = 0; i <= random() % 2; i++, all.insert(fmt::format("r{}", i - 1)))
      drawing += fmt::format("static r{} => o{};", i, random() % objects);
    INFO(drawing);
    const DrawnHeap drawn = read_drawing(drawing);
    const ObjectId wanted = drawn["o0"];
    RetainingPaths paths(drawn.heap);
    const LeastCut cut = cut_in(drawn.heap, paths, {wanted});
    Names cleared;
    for (const CutPlace& place : cut.places) cleared.insert(place_name(drawn.heap, place));
    CHECK_FALSE(is_owned_without(drawn.heap, wanted, cleared));
    const std::vector<std::string> names(all.begin(), all.end());
    size_t least = names.size();
    for (uint32_t set = 0; set < 1u << names.size(); set++) {
      Names some;
      for (size_t i = 0; i < names.size(); i++)
        if ((set >> i & 1) != 0) some.insert(names[i]);
      if (some.size() < least && !is_owned_without(drawn.heap, wanted, some)) least = some.size();
    }
    REQUIRE(cleared.size() == least);
  }
}
