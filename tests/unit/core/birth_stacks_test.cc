// Stacks of a recursion that goes up and down, against those of the C++ runtime's unwinder.
#include "runtime/core/birth_stacks.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "runtime/core/recorder.h"
#include "runtime/core/stack_memo.h"
#include "runtime/core/thread_state.h"

namespace reftally::runtime {
constinit Recorder recorder;  // in place of the agent's, which would record this program
}

using namespace reftally::runtime;

namespace {

using Stack = std::vector<uint64_t>;  // return addresses, innermost first

Stack stack_of_node(uint32_t node) {
  Stack stack;
  for (; node != 0; node = recorder.stacks.parent(node)) stack.push_back(recorder.stacks.node(node).ip);
  return stack;
}

[[gnu::noinline]] Stack stack_of_unwinder() {
  Stack stack;
  _Unwind_Backtrace(
      [](_Unwind_Context* context, void* to) {
        if (_Unwind_GetIP(context) != 0) static_cast<Stack*>(to)->push_back(_Unwind_GetIP(context));
        return _URC_NO_REASON;
      },
      &stack);
  return stack;
}

// A thread that captures its stack again and again; `told` and `true_stack` are those of the last time.
struct Capture {
  std::unique_ptr<ThreadState> thread = std::make_unique<ThreadState>();
  uint32_t node = 0, known = 0;  // known: without a walk; 0: it was not
  bool memos_are_true = true;
  Stack told, true_stack;
  std::unique_ptr<ThreadState> of_births = std::make_unique<ThreadState>();
  bool births_are_same = true;

  [[gnu::noinline]] void here() {
    const Registers caller = caller_registers();
    const uint32_t birth = birth_stack(*of_births, caller);
    known = known_stack(*thread, caller);
    node = capture_repeated_stack(*thread, caller);
    memos_are_true &= known == 0 || known == node;
    births_are_same &= birth == node;
    told = stack_of_node(node);
    true_stack = stack_of_unwinder();
    true_stack.erase(true_stack.begin(), true_stack.begin() + 2);  // the unwinder's caller and this function
  }
};

// Calls function(argument) with this in rbp, as a function that has another use for it.
extern "C" void call_with_bp(uint64_t bp, void (*function)(void*), void* argument);
asm(R"(
.pushsection .text
.type call_with_bp, @function
call_with_bp:
  .cfi_startproc
  push %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset rbp, -16
  mov %rdi, %rbp
  mov %rdx, %rdi
  call *%rsi
  pop %rbp
  .cfi_def_cfa_offset 8
  ret
  .cfi_endproc
  .size call_with_bp, . - call_with_bp
.popsection
)");

// Goes to another depth by steps of its own; each function calls the others from two places.
struct Walk {
  Capture& capture;
  std::mt19937 random{1};
  int calls_left = 0, between_depth = 0;
  size_t deepest = 0;
  bool all_same = true;

  void step(int depth);
  [[gnu::noinline]] void left(int depth) {
    volatile char room[24] = {};
    step(depth + room[0]);
    step(depth);
  }
  [[gnu::noinline]] void right(int depth) {
    volatile char room[200] = {};
    step(depth + room[0]);
    step(depth);
  }
  // Its frame is found by rbp, which of the frames in between may have nothing or anything.
  [[gnu::noinline]] void by_bp(int depth) {
    auto* const room = static_cast<volatile char*>(__builtin_alloca(16 + random() % 64));
    room[0] = 0;
    step(depth + room[0]);
    between_depth = depth;
    call_with_bp(random() % 4, [](void* walk) { static_cast<Walk*>(walk)->between(); }, this);
  }
  [[gnu::noinline]] void between() { step(between_depth); }
};

[[gnu::noinline]] void Walk::step(int depth) {
  capture.here();
  const Stack& told = capture.told;
  deepest = std::max(deepest, capture.true_stack.size());
  const bool is_whole = capture.true_stack.size() <= kMaxStackDepth;
  all_same &= is_whole ? told == capture.true_stack
                       : told.size() == 48 && std::equal(told.begin(), told.end(), capture.true_stack.begin());
  if (depth == 0 || calls_left-- <= 0) return;
  const int deeper = depth - 1 - static_cast<int>(random() % 2);
  constexpr std::array kWays{&Walk::left, &Walk::right, &Walk::by_bp};
  (this->*kWays[random() % 3])(std::max(deeper, 0));
}

// A function found by rbp, called from two depths, that goes on at the same depth: the frames inside lie where they did
// before, and so does what the other way has left of frames outside.
struct TwoDepths {
  Capture& capture;
  uint64_t target;
  bool with_other_bp = false, all_same = true;

  [[gnu::noinline]] void inner() {
    capture.here();
    all_same &= capture.told == capture.true_stack;
  }
  [[gnu::noinline]] void by_bp() {
    uint64_t sp;
    asm volatile("mov %%rsp, %0" : "=r"(sp));
    void* const room = __builtin_alloca(sp - target);
    asm volatile("" : : "r"(room) : "memory");
    with_other_bp ? call_with_bp(7, [](void* self) { static_cast<TwoDepths*>(self)->inner(); }, this) : inner();
    asm volatile("");
  }
  [[gnu::noinline]] void shallow() {
    by_bp();
    asm volatile("");
  }
  [[gnu::noinline]] void deep() {
    volatile char room[512] = {};
    by_bp();
    all_same &= room[0] == 0;
  }
};

// A fibre on memory of its own: what is called runs there to its end.
struct Fibre {
  char* memory;
  size_t size;
  static inline Walk* walk = nullptr;
  static inline int depth = 0;

  Fibre(void* at, size_t bytes) : memory(static_cast<char*>(at)), size(bytes) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED_NOREPLACE : 0);
    memory = static_cast<char*>(mmap(at, size, PROT_READ | PROT_WRITE, flags, -1, 0));
  }
  ~Fibre() { munmap(memory, size); }
  Fibre(const Fibre&) = delete;
  Fibre& operator=(const Fibre&) = delete;

  void run(Walk& what, int how_deep) {
    walk = &what;
    depth = how_deep;
    ucontext_t here, there;
    getcontext(&there);
    there.uc_stack = {memory, 0, size};
    there.uc_link = &here;
    makecontext(&there, [] { walk->step(depth); }, 0);
    swapcontext(&here, &there);
  }
};

bool create_tables() { return recorder.stacks.create() && create_unwinder(); }

void add_stacks(uint32_t count) {
  for (uint64_t ip = 1; ip <= count; ++ip) recorder.stacks.child(0, ip, 0);
}

// Every way down a tree of this depth, by two functions with two calls of the next level each.
struct Tree {
  Capture& capture;
  std::set<uint32_t> nodes;
  std::set<Stack> true_stacks;
  bool all_within = true;  // what is told is a part of the true stack, in its order, from its leaf to its end

  [[gnu::noinline]] void leaf() {
    capture.here();
    nodes.insert(capture.node);
    true_stacks.insert(capture.true_stack);
    if (capture.told.empty()) return;
    auto at = capture.true_stack.begin();
    for (const uint64_t address : capture.told) {
      at = std::find(at, capture.true_stack.end(), address);
      if (at == capture.true_stack.end()) break;
    }
    all_within &= at != capture.true_stack.end() && capture.told.front() == capture.true_stack.front() &&
                  capture.told.back() == capture.true_stack.back();
  }
  [[gnu::noinline]] void go(int depth) {
    if (depth == 0) return leaf();
    go(depth - 1);
    other(depth - 1);
  }
  [[gnu::noinline]] void other(int depth) {
    if (depth == 0) return leaf();
    other(depth - 1);
    go(depth - 1);
  }
};

}  // namespace

TEST_CASE("a stack is what the C++ runtime's unwinder finds, of deep ones the innermost frames") {
  REQUIRE(create_tables());
  Capture capture;
  for (const int depth : {10, 90, 200, 700}) {
    Walk walk{capture};
    walk.calls_left = 3000;
    while (walk.calls_left > 0) walk.step(depth);
    INFO("depth " << depth);
    CHECK(walk.all_same);
    CHECK(capture.memos_are_true);
    CHECK(capture.births_are_same);
    CHECK(walk.deepest > static_cast<size_t>(depth));
  }
}

TEST_CASE("a frame found by rbp is where rbp says, whatever its old place still holds") {
  REQUIRE(create_tables());
  for (const bool with_other_bp : {false, true}) {
    Capture capture;
    const uint64_t here = reinterpret_cast<uint64_t>(__builtin_frame_address(0)) & ~uint64_t{15};
    TwoDepths depths{capture, here - 8192, with_other_bp};
    for (int time = 0; time < 8; time++) (depths.*(time % 2 == 0 ? &TwoDepths::deep : &TwoDepths::shallow))();
    CHECK(depths.all_same);
    CHECK(capture.memos_are_true);
    CHECK(capture.births_are_same);
    CHECK(capture.known == capture.node);
  }
}

TEST_CASE(
    "a fibre's stack is what the unwinder finds, and is known again; its memory may be gone, or another's by then") {
  REQUIRE(create_tables());
  Capture capture;
  Walk walk{capture};
  void* place = nullptr;
  int known = 0;
  for (const size_t pages : {40, 20, 30, 12, 40}) {
    Fibre fibre(place, pages * 4096);
    REQUIRE(fibre.memory != MAP_FAILED);
    place = fibre.memory;
    for (int time = 0; time < 20; ++time) {
      walk.calls_left = 200;
      walk.random.seed(static_cast<unsigned>(time % 3));
      fibre.run(walk, 12);
      known += capture.known != 0;
      walk.calls_left = 0;
      walk.step(0);  // on the thread's own
    }
  }
  CHECK(known > 30);
  CHECK(walk.all_same);
  CHECK(capture.memos_are_true);
  CHECK(capture.births_are_same);
}

TEST_CASE("of many births the stacks that come again are known without a walk") {
  REQUIRE(create_tables());
  Capture capture;
  for (int time = 0; time < 10000; time++) {
    asm volatile("" : "+r"(time));  // one call in the machine's code too
    capture.here();
  }
  CHECK(capture.births_are_same);
  CHECK(capture.of_births->births_walked < 600);
}

TEST_CASE(
    "a thread that allocates little has no memos of births, nor one whose births are each on a stack of their own") {
  REQUIRE(create_tables());
  Capture capture;
  Tree few{capture, {}, {}};
  few.go(8);
  CHECK(std::all_of(std::begin(capture.of_births->memos), std::end(capture.of_births->memos),
                    [](const StackMemo& memo) { return memo.pc == 0; }));
  Tree many{capture, {}, {}};
  many.go(11);
  CHECK(capture.of_births->births_walked == 256 + 2048);
  CHECK_FALSE(capture.of_births->remembers_births);
}

TEST_CASE("every way down a tree is a stack of its own while there are few, and one function's loops are cut later") {
  REQUIRE(create_tables());
  Capture capture;
  Tree first{capture, {}, {}};
  first.go(9);
  CHECK(first.true_stacks.size() == 512);
  CHECK(first.nodes.size() == 512);
  CHECK(first.all_within);

  add_stacks(StackTable::kMaxNodes / 8);
  const uint32_t before = recorder.stacks.node_count();
  Capture later;
  Tree second{later, {}, {}};
  second.go(11);
  CHECK(second.true_stacks.size() == 2048);
  CHECK(second.nodes.size() < 20);
  CHECK(recorder.stacks.node_count() - before < 100);
  CHECK(second.all_within);
}

TEST_CASE("a full table knows the stacks it has, and has none for others") {
  REQUIRE(create_tables());
  Capture capture;
  uint32_t known = 0;
  for (int time = 0; time < 3; ++time) {
    asm volatile("" : "+r"(time));  // one call in the machine's code too
    capture.here();
    if (time == 0) {
      known = capture.node;
      add_stacks(StackTable::kMaxNodes);
    }
    CHECK(capture.node == known);
  }
  CHECK(known != 0);
  CHECK(recorder.stacks.full());
  Tree tree{capture, {}, {}};
  tree.go(3);
  CHECK(tree.nodes == std::set<uint32_t>{0});
}
