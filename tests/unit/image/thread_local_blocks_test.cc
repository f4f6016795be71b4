#include "analyzer/image/thread_local_blocks.h"

#include <catch2/catch.hpp>

#include "tests/support/image_builder.h"

using namespace reftally;

namespace {

// A thread whose dtv has two rows: the first module's block, and one that the thread has not touched.
struct Thread {
  test::ImageBuilder memory;
  uint64_t control_block = memory.thread_local_words(2), dtv = memory.static_words(8);
  ImageThread thread;
  ImageModule module;

  Thread() {
    memory.set(control_block + 8, dtv + 16);
    memory.set(dtv, 2);       // rows
    memory.set(dtv + 16, 1);  // generation
    memory.set(dtv + 32, 0x7000);
    memory.set(dtv + 48, ~uint64_t{0});
    memory.set(dtv + 56, 0x9000);  // behind it
    thread.thread_pointer = control_block;
  }
  std::optional<uint64_t> block_of(uint32_t number) {
    module.thread_local_number = number;
    return thread_local_block(memory.build(), thread, module);
  }
};

}  // namespace

TEST_CASE("a module's thread-local block is in its row of the thread's table") {
  CHECK(Thread().block_of(1) == 0x7000);
}

TEST_CASE("a block that is not there yet, or whose row nobody knows, has no address") {
  CHECK_FALSE(Thread().block_of(2));
  CHECK_FALSE(Thread().block_of(3));  // beyond the rows this thread has
  CHECK_FALSE(Thread().block_of(0));
  Thread lost;
  lost.thread.thread_pointer = 0;
  CHECK_FALSE(lost.block_of(1));
}
