#include <catch2/catch.hpp>

#include "analyzer/graph/reference_graph.h"
#include "analyzer/heap/drawing.h"

using namespace reftally;

namespace {

struct Reached {
  explicit Reached(const char* text) : drawn(read_drawing(text)) {
    found = find_reachable(drawn.heap, close_accounts(drawn.heap));
  }
  bool is_owned(const char* name) { return found.ownership[index(drawn[name])] != 0; }
  bool is_reached(const char* name) { return found.conservative[index(drawn[name])] != 0; }

  DrawnHeap drawn;
  Reachability found;
};

}  // namespace

TEST_CASE("a plain pointer reaches an object and does not own it") {
  Reached heap("static g -> table; table[64]; table -> a; a => a");
  CHECK(heap.is_reached("a"));
  CHECK_FALSE(heap.is_owned("a"));
}

TEST_CASE("what a word of no type leads to is owned, and all it owns") {
  Reached heap("static g -> table; table[64]; table -> a; a => b; b => a; a{untyped_holder}");
  CHECK(heap.found.ownership[index(heap.drawn["a"])] == kOwnedInDoubt);
  CHECK(heap.found.ownership[index(heap.drawn["b"])] == 1);
}

TEST_CASE("a word of no type that nothing reaches owns nothing") {
  Reached heap("table[64]; table -> a; a => a; a{untyped_holder}");
  CHECK_FALSE(heap.is_reached("a"));
  CHECK_FALSE(heap.is_owned("a"));
}

TEST_CASE("where a count may be of something else than owners, what is reached is owned") {
  Reached heap("static g -> table; table[64]; table -> a; a => a; a{doubtful_count}; table -> b; b => b");
  CHECK(heap.is_owned("a"));
  CHECK_FALSE(heap.is_owned("b"));
}
