// What a CPython interpreter's collector has before it.
#include "analyzer/interpreter_state.h"

#include <catch2/catch.hpp>

#include "analyzer/graph/reference_graph.h"
#include "analyzer/heap/drawing.h"

using namespace reftally;

TEST_CASE("bits above an object's generation, of a later version, are no generation") {
  DrawnHeap drawn =
      read_drawing("a(Node){python, tracked, generation 2} => a; b(Node){python, tracked, generation 3} => b");
  for (uint32_t& flags : drawn.heap.flags) flags |= 3u << (dump::kObjectGenerationShift + 2);
  Image image;
  image.declared.collector.resize(3);
  const InterpreterState state = interpreter_state(image, drawn.heap);
  CHECK(state.generations[2].tracked == 1);
  CHECK(state.generations[2].waiting == 1);
  CHECK(state.generations[3].tracked == 1);
  CHECK(state.generations[3].waiting == 0);
}
