#include "analyzer/heap/drawing.h"

#include <catch2/catch.hpp>

#include "analyzer/base/error.h"

using namespace reftally;

namespace {

std::string error_of(const char* drawing) {
  try {
    read_drawing(drawing);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a drawing says objects, counts, references and roots") {
  const DrawnHeap drawn = read_drawing("static g => a; a => b; b ~> a; b -> buf; a:3; buf[64]");
  const Heap& heap = drawn.heap;
  REQUIRE(heap.object_count() == 3);
  CHECK(heap.strong_count[index(drawn["a"])] == 3);
  CHECK(heap.strong_count[index(drawn["b"])] == 1);
  CHECK(!heap.is_counted(drawn["buf"]));
  CHECK(heap.size[index(drawn["buf"])] == 64);
  REQUIRE(heap.roots.size() == 1);
  CHECK(heap.roots[0].to == drawn["a"]);
  CHECK(heap.roots[0].kind == RootKind::kStatic);
  CHECK(heap.text(heap.roots[0].name) == "g");
  const uint64_t row = heap.references.begin(index(drawn["b"]));
  CHECK(heap.kind[row] == ReferenceKind::kWeak);
  CHECK(heap.referent[row] == drawn["a"]);
  CHECK(heap.kind[row + 1] == ReferenceKind::kRaw);
  CHECK(heap.certainty[row + 1] == Certainty::kConservative);
  CHECK(heap.block_count == 3);
  CHECK(heap.block_bytes == 96);
}

TEST_CASE("a count that is not drawn is what explains the object") {
  const DrawnHeap drawn = read_drawing("stack \"thread 1, run()\" => a; b => a =?> c; b =+> a; u:- ; b => u");
  CHECK(drawn.heap.strong_count[index(drawn["a"])] == 3);
  CHECK(drawn.heap.strong_count[index(drawn["c"])] == 0);
  CHECK(!drawn.heap.is_counted(drawn["b"]));
  CHECK(!drawn.heap.is_counted(drawn["u"]));
}

TEST_CASE("labels name owner, path, element and place") {
  const DrawnHeap drawn =
      read_drawing("a(Session) =[net::Session<a::b>::routes_[].handler_#3@session.h:18]=> f; a ~[\"x::y\"]~> f");
  const Heap& heap = drawn.heap;
  const HeapLabel& label = heap.labels[index(heap.label[0])];
  CHECK(heap.text(label.owner) == "net::Session<a::b>");
  CHECK(heap.text(label.path) == "routes_[].handler_");
  CHECK(heap.text(label.location) == "session.h:18");
  CHECK(heap.element[0] == 3);
  CHECK(heap.text(heap.labels[index(heap.label[1])].path) == "x::y");
  CHECK(heap.labels[index(heap.label[1])].owner == StringId{});
}

TEST_CASE("a chain of arrows is a statement") {
  const DrawnHeap drawn = read_drawing("a => b => c => a  # a ring\n\n; c:5/2");
  CHECK(drawn.heap.referent.size() == 3);
  CHECK(drawn.heap.weak_count[index(drawn["c"])] == 2);
}

TEST_CASE("writing is the inverse of reading") {
  const char* text = R"(
type Session {finalizer, at "session.h:12"}
type "[lambda a.cpp:4]" {legacy_finalizer, collected, traverse, clear, heap_type}
a(Session)[48]:3/1{intrusive, immortal, tracked, generation 2, at 0xdead, stack 5, birth 9, note "say \"hi\"\nto \\n"}
l([lambda a.cpp:4])[16]{finalized, weak_referenced, released, uncounted, finalizer}
odd("f(:(")[0]:-
static g => a
thread_local "t \"x\"" ~> a; register rip -> l; frame f =?> a; external e =*> a; pinned p -!> a; stack s =+> a
a =[Session::handler_ -> [lambda a.cpp:4].self#1@"x y"]=> l =[cap]=> a; a =?+> odd; a =?[m]=?!> l; a -[m]-> l
a ~["own]er"::"pa::th"]~*> l; a =["only#path"]=> l; a =[Owner::]=> l; a =[@file.h:3]=> l; a =[#7]=> l
totals 100 2000
)";
  const DrawnHeap first = read_drawing(text);
  const std::string written = write_drawing(first.heap);
  const DrawnHeap second = read_drawing(written);
  CHECK(write_drawing(second.heap) == written);
  CHECK(second.heap.address == first.heap.address);
  CHECK(second.heap.flags == first.heap.flags);
  CHECK(second.heap.strong_count == first.heap.strong_count);
  CHECK(second.heap.weak_count == first.heap.weak_count);
  CHECK(second.heap.flavour == first.heap.flavour);
  CHECK(second.heap.kind == first.heap.kind);
  CHECK(second.heap.certainty == first.heap.certainty);
  CHECK(second.heap.element == first.heap.element);
  CHECK(second.heap.block_count == 100);
  REQUIRE(second.heap.roots.size() == first.heap.roots.size());
  for (size_t i = 0; i < first.heap.roots.size(); ++i) {
    CHECK(second.heap.text(second.heap.roots[i].name) == first.heap.text(first.heap.roots[i].name));
    CHECK(second.heap.roots[i].kind == first.heap.roots[i].kind);
  }
  for (size_t i = 0; i < first.heap.label.size(); ++i) {
    const HeapLabel& a = first.heap.labels[index(first.heap.label[i])];
    const HeapLabel& b = second.heap.labels[index(second.heap.label[i])];
    CHECK(second.heap.text(b.owner) == first.heap.text(a.owner));
    CHECK(second.heap.text(b.path) == first.heap.text(a.path));
    CHECK(second.heap.text(b.location) == first.heap.text(a.location));
  }
  CHECK(second.heap.text(second.heap.note[index(first["a"])]) == "say \"hi\"\nto \\n");
  CHECK(second.heap.type_name(first["odd"]) == "f(:(");
}

TEST_CASE("an error in a drawing shows the place") {
  CHECK(error_of("a => b; b & c") ==
        "drawing:1:11: expected an arrow, ';' or a new line\n  a => b; b & c\n            ^");
  CHECK(error_of("a => b\nb =x> c") == "drawing:2:4: expected an arrow (=> =?> ~> ->)\n  b =x> c\n     ^");
  CHECK_THAT(error_of("a:1; a:2"), Catch::StartsWith("drawing:1:6: expected one count for 'a'"));
  CHECK_THAT(error_of("a =>"), Catch::StartsWith("drawing:1:5: expected the name of an object"));
  CHECK_THAT(error_of("a =[x]~> b"), Catch::Contains("expected the same shaft on both sides of the label"));
  CHECK_THAT(error_of("a{blue}"), Catch::StartsWith("drawing:1:3: expected an attribute, not 'blue'"));
  CHECK_THAT(error_of("a(\"b)"), Catch::Contains("expected the closing quote of this text"));
  CHECK_THAT(error_of("static g a"), Catch::Contains("expected an arrow (=> =?> ~> ->) from the root"));
  CHECK_THAT(error_of("static g =[x]=> a"), Catch::Contains("the arrow of a root has no label"));
  CHECK_THAT(error_of("a[x]"), Catch::Contains("expected a number of bytes"));
  CHECK_THROWS_WITH(read_drawing("a => b")["c"], "drawing: no object 'c' was drawn");
}
