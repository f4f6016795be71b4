#include "runtime/python/births.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>

#include <atomic>

#include "runtime/core/system.h"
#include "runtime/python/names.h"

namespace reftally::python {
namespace {

constexpr int kDomains = 3;  // raw (left alone: it is used without the GIL), mem, object

struct Allocator {  // PyMemAllocatorEx
  void* context;
  void* (*malloc)(void*, size_t);
  void* (*calloc)(void*, size_t, size_t);
  void* (*realloc)(void*, void*, size_t);
  void (*free)(void*, void*);
};
Allocator base[kDomains];

struct Level {
  Address instruction;
  Address frame;  // where it lay last time
};

// ---- stacks

constexpr uint32_t kMaxStacks = 1u << 18, kMaxLevels = 1u << 22;  // 96 MiB of levels and codes, reserved

struct Stack {
  uint32_t first;  // of its levels, innermost first
  uint32_t count : 31;
  uint32_t cut : 1;  // as deep as wanted: callers follow
  uint32_t hash;
  uint32_t follower;  // the stack that was next when this one was last met
};
Stack* stacks = nullptr;          // number 0 is unused
uint32_t* stack_slots = nullptr;  // open addressing: number of the stack, 0 empty
Level* levels = nullptr;
Address* level_codes = nullptr;  // 0: a frame of C code
uint32_t stack_count = 0, level_count = 0, depth_wanted = 0;
// The stack that an instruction was last innermost of: a loop allocates in few places, each with a stack of its own.
constexpr uint32_t kRecent = 1024;
uint32_t recent[kRecent];
uint32_t last_stack = 0;

// ---- code objects the stacks refer to

constexpr uint32_t kMaxCodes = 1u << 17;
Address* codes = nullptr;  // open addressing
uint32_t code_count = 0;

bool keep_code(Address code) noexcept {
  uint32_t i = static_cast<uint32_t>((code >> 4) * 0x9E3779B97F4A7C15u >> 40) & (kMaxCodes - 1);
  for (; codes[i] != 0; i = (i + 1) & (kMaxCodes - 1))
    if (codes[i] == code) return true;
  if (code_count >= kMaxCodes / 2) return false;
  codes[i] = code;
  code_count++;
  python.Py_IncRef(code);
  return true;
}

// ---- reference count events of extensions: what was told of an object is of the past when its block is used again

const std::atomic<bool> kNeverTold{false};
const std::atomic<bool>* events_told = &kNeverTold;
void (*block_is_new)(const void*) = nullptr;

void join_events() noexcept {
  const auto told = reinterpret_cast<const std::atomic<bool>* (*)()>(dlsym(RTLD_DEFAULT, "reftally_agent_events_told"));
  block_is_new = reinterpret_cast<void (*)(const void*)>(dlsym(RTLD_DEFAULT, "reftally_agent_block_is_new"));
  if (told != nullptr && block_is_new != nullptr) events_told = told();
}

// ---- shadow of blocks: 47 bits of address = 13 (top) + 14 (middle) + 20 (leaf)

constexpr int kLeafBits = 20, kMiddleBits = 14, kTopBits = 13;
using Leaf = uint32_t;
Leaf** shadow[1u << kTopBits];
uint64_t last_region = ~uint64_t{0};
Leaf* last_leaf = nullptr;

constexpr size_t kLeafSize = (sizeof(Leaf) << kLeafBits) / 16;

// Many leaves a mapping: the agent can have few mappings. Pages are used as they are touched.
Leaf* new_leaf() noexcept {
  constexpr size_t kLeaves = 512;
  static char* room = nullptr;
  static size_t left = 0;
  if (left == 0) {
    room = static_cast<char*>(runtime::map_memory(kLeaves * kLeafSize));
    if (room == nullptr) return nullptr;
    left = kLeaves;
  }
  return reinterpret_cast<Leaf*>(room + kLeafSize * (kLeaves - left--));
}

Leaf* leaf_of(uint64_t region, bool make) noexcept {
  if (region >> (kMiddleBits + kTopBits) != 0) return nullptr;
  Leaf**& middle = shadow[region >> kMiddleBits];
  if (middle == nullptr) {
    if (!make) return nullptr;
    middle = static_cast<Leaf**>(runtime::map_memory(sizeof(Leaf*) << kMiddleBits));
    if (middle == nullptr) return nullptr;
  }
  Leaf*& leaf = middle[region & ((1u << kMiddleBits) - 1)];
  if (leaf == nullptr && make) leaf = new_leaf();
  return leaf;
}

[[gnu::always_inline]] inline void note_block(const void* block, uint32_t stack) noexcept {
  const auto address = reinterpret_cast<uint64_t>(block);
  const uint64_t region = address >> kLeafBits;
  if (region != last_region) [[unlikely]] {
    last_leaf = leaf_of(region, true);
    last_region = region;
  }
  if (last_leaf != nullptr) last_leaf[(address & ((1u << kLeafBits) - 1)) / 16] = stack;
  if (events_told->load(std::memory_order_relaxed)) [[unlikely]]
    block_is_new(block);
}

// ---- the stack of now

Address (*current_thread)() = nullptr;

struct Offsets {  // of the layout: what each allocation needs, side by side
  uint64_t thread_frame, code, instruction, previous;
  uint64_t thread_indirect;
  bool is_indirect;
};
Offsets offsets;

void set_offsets(const Layout& layout) noexcept {
  auto at = [](int32_t offset) { return static_cast<uint64_t>(offset); };
  offsets = {at(layout.thread_frame),          at(layout.frame_code),
             at(layout.frame_instruction),     at(layout.frame_previous),
             at(layout.thread_frame_indirect), layout.thread_frame_indirect != kAbsent};
}

[[gnu::always_inline]] inline Address innermost_frame() noexcept {
  Address holder = current_thread();
  if (holder != 0 && offsets.is_indirect) holder = pointer_at(holder + offsets.thread_indirect);
  return holder != 0 ? pointer_at(holder + offsets.thread_frame) : 0;
}

// Up to 3.10 frames are objects, and f_lasti is an index.
template <bool FrameIsObject>
Address instruction_of(Address frame) noexcept {
  if constexpr (FrameIsObject)
    return indexed_instruction(pointer_at(frame + offsets.code), read<int32_t>(frame + offsets.instruction));
  else
    return pointer_at(frame + offsets.instruction);
}

// True when the frames of now stand where they stood in that stack. An instruction lies in one code object, which the
// stack keeps alive: codes need no look. A loop's frames lie where they lay last time, so the next frame is read
// where it should be, before the pointer to it has arrived; the pointer has the last word.
template <bool FrameIsObject>
[[gnu::always_inline]] inline bool is_same(Level& level, Address& frame, uint64_t previous) noexcept {
  Address foretold = level.frame;
  asm("" : "+r"(foretold));  // or the compiler would use `frame`, being the same, and wait for it
  if (level.frame != frame) [[unlikely]] {
    if (frame == 0) return false;
    level.frame = foretold = frame;
  }
  if (instruction_of<FrameIsObject>(foretold) != level.instruction) [[unlikely]]
    return false;
  frame = pointer_at(foretold + previous);
  return true;
}

template <bool FrameIsObject>
[[gnu::always_inline]] inline bool is_still(const Stack& stack, Address frame) noexcept {
  constexpr uint32_t kAtOnce = 4;
  Level* level = levels + stack.first;
  const uint64_t previous = offsets.previous;
  uint32_t left = stack.count;
  if (left == 0) return false;
  for (; left >= kAtOnce; left -= kAtOnce, level += kAtOnce)
#pragma GCC unroll 4
    for (uint32_t i = 0; i < kAtOnce; i++)
      if (!is_same<FrameIsObject>(level[i], frame, previous)) return false;
  for (; left > 0; left--, level++)
    if (!is_same<FrameIsObject>(*level, frame, previous)) return false;
  return stack.cut != 0 || frame == 0;
}

constexpr uint32_t kMaxWalked = 2 * kMaxBirthDepth;  // with frames of C code between

struct Walked {
  uint32_t count = 0;
  bool cut = false;
  uint32_t hash = 0;
  Level levels[kMaxWalked];
  Address codes[kMaxWalked];
};

template <bool FrameIsObject>
void walk_stack(Address frame, Walked& to) noexcept {
  const bool has_owner = python.at_least(12);
  uint32_t wanted = depth_wanted;
  uint64_t hash = 0;
  for (; frame != 0; frame = pointer_at(frame + offsets.previous)) {
    to.cut = wanted == 0 || to.count == kMaxWalked;
    if (to.cut) break;
    // 3.12 and later put frames of C code between: what they call their code has no lines.
    const bool is_c =
        has_owner && read<uint8_t>(frame + static_cast<uint64_t>(python.layout->frame_owner)) >= kOwnedByCStack;
    const Address code = is_c ? 0 : pointer_at(frame + offsets.code);
    if (code != 0) wanted--;
    const Address instruction = instruction_of<FrameIsObject>(frame);
    to.levels[to.count] = {instruction, frame};
    to.codes[to.count++] = code;
    hash = (hash ^ instruction) * 0x9E3779B97F4A7C15u + (hash >> 29);
  }
  to.hash = static_cast<uint32_t>(hash >> 32) ^ to.count;
}

uint32_t add_stack(const Walked& found) noexcept {
  if (stack_count + 1 >= kMaxStacks / 2 || level_count + found.count > kMaxLevels) return 0;
  for (uint32_t i = 0; i < found.count; i++)
    if (found.codes[i] != 0 && (type_of(found.codes[i]) != python.types.code || !keep_code(found.codes[i]))) return 0;
  memcpy(levels + level_count, found.levels, found.count * sizeof(Level));
  memcpy(level_codes + level_count, found.codes, found.count * sizeof(Address));
  stacks[++stack_count] = {level_count, found.count, found.cut, found.hash, 0};
  level_count += found.count;
  return stack_count;
}

template <bool FrameIsObject>
[[gnu::noinline]] uint32_t find_stack(Address frame) noexcept {
  Walked found;
  walk_stack<FrameIsObject>(frame, found);
  uint32_t i = found.hash & (kMaxStacks - 1);
  for (; stack_slots[i] != 0; i = (i + 1) & (kMaxStacks - 1)) {
    const Stack& stack = stacks[stack_slots[i]];
    if (stack.hash == found.hash && is_still<FrameIsObject>(stack, frame)) return stack_slots[i];
  }
  return stack_slots[i] = add_stack(found);
}

template <bool FrameIsObject>
[[gnu::noinline]] uint32_t known_stack(Address frame) noexcept {
  uint32_t& known = recent[instruction_of<FrameIsObject>(frame) / 2 & (kRecent - 1)];
  if (!is_still<FrameIsObject>(stacks[known], frame)) known = find_stack<FrameIsObject>(frame);
  return known;
}

// A loop meets its stacks in the same order again and again, which spares the way from the thread to its instruction.
template <bool FrameIsObject>
uint32_t current_stack() noexcept {
  const Address frame = innermost_frame();
  if (frame == 0) return 0;
  uint32_t& follower = stacks[last_stack].follower;
  if (!is_still<FrameIsObject>(stacks[follower], frame)) [[unlikely]]
    follower = known_stack<FrameIsObject>(frame);
  return last_stack = follower;
}

// ---- hooks: called with the GIL

template <int Domain, bool FrameIsObject>
void* on_malloc(void* context, size_t size) {
  void* block = base[Domain].malloc(context, size);
  if (block != nullptr) note_block(block, current_stack<FrameIsObject>());
  return block;
}

template <int Domain, bool FrameIsObject>
void* on_calloc(void* context, size_t count, size_t size) {
  void* block = base[Domain].calloc(context, count, size);
  if (block != nullptr) note_block(block, current_stack<FrameIsObject>());
  return block;
}

// What grows keeps its birth.
template <int Domain, bool FrameIsObject>
void* on_realloc(void* context, void* old, size_t size) {
  const uint32_t stack = old != nullptr ? birth_of_block(reinterpret_cast<Address>(old)) : 0;
  void* block = base[Domain].realloc(context, old, size);
  if (block != nullptr) note_block(block, stack != 0 ? stack : current_stack<FrameIsObject>());
  return block;
}

template <int Domain, bool FrameIsObject>
void hook() noexcept {
  python.PyMem_GetAllocator(Domain, &base[Domain]);
  Allocator hooked = base[Domain];  // its context and its free are used as they are
  hooked.malloc = on_malloc<Domain, FrameIsObject>;
  hooked.calloc = on_calloc<Domain, FrameIsObject>;
  hooked.realloc = on_realloc<Domain, FrameIsObject>;
  python.PyMem_SetAllocator(Domain, &hooked);
}

}  // namespace

bool births_are_recorded() noexcept { return depth_wanted != 0; }

bool record_births(uint32_t depth) noexcept {
  if (depth == 0) return false;
  const bool hooked = depth_wanted != 0;
  if (hooked) return true;
  current_thread = python.PyThreadState_GetUnchecked;  // its name since 3.13
  if (current_thread == nullptr) current_thread = python._PyThreadState_UncheckedGet;
  if (current_thread == nullptr) return false;
  stacks = static_cast<Stack*>(runtime::map_memory(kMaxStacks * sizeof(Stack)));
  stack_slots = static_cast<uint32_t*>(runtime::map_memory(kMaxStacks * sizeof(uint32_t)));
  levels = static_cast<Level*>(runtime::map_memory(kMaxLevels * sizeof(Level)));
  level_codes = static_cast<Address*>(runtime::map_memory(kMaxLevels * sizeof(Address)));
  codes = static_cast<Address*>(runtime::map_memory(kMaxCodes * sizeof(Address)));
  if (stacks == nullptr || stack_slots == nullptr || levels == nullptr || level_codes == nullptr || codes == nullptr) {
    runtime::say("no birth stacks of Python objects: no address space");
    return false;
  }
  depth_wanted = depth < kMaxBirthDepth ? depth : kMaxBirthDepth;
  set_offsets(*python.layout);
  join_events();
  const bool frame_is_object = python.layout->frame_function == kAbsent;
  frame_is_object ? hook<1, true>() : hook<1, false>();
  frame_is_object ? hook<2, true>() : hook<2, false>();
  return true;
}

uint32_t birth_of_block(Address block) noexcept {
  const Leaf* leaf = leaf_of(block >> kLeafBits, false);
  return leaf != nullptr ? leaf[(block & ((1u << kLeafBits) - 1)) / 16] : 0;
}

void for_each_kept_code(void (*visit)(void* data, Address code), void* data) noexcept {
  for (uint32_t i = 0; code_count != 0 && i < kMaxCodes; i++)
    if (codes[i] != 0) visit(data, codes[i]);
}

// ---- in the child

uint32_t BirthWriter::frame_of(Address code, Address instruction) noexcept {
  uint32_t& row = frame_index_[instruction];
  if (row == 0) {
    frames_.push({code, instruction});
    row = static_cast<uint32_t>(frames_.size());
  }
  return row - 1;
}

uint32_t BirthWriter::node_of(uint32_t stack) noexcept {
  if (stack == 0 || stack > stack_count) return 0;
  if (const uint32_t* known = stack_node_.find(stack)) return *known;
  uint32_t parent = 0;
  for (uint32_t i = stacks[stack].count; i-- > 0;) {
    const uint32_t level = stacks[stack].first + i;
    if (level_codes[level] == 0) continue;
    const uint32_t frame = frame_of(level_codes[level], levels[level].instruction);
    uint32_t& node = node_index_[(uint64_t{frame} << 32 | parent) + 1];
    if (node == 0) {
      nodes_.push({frame, parent});
      node = static_cast<uint32_t>(nodes_.size());
    }
    parent = node;
  }
  return stack_node_[stack] = parent;
}

void BirthWriter::write(dump::Writer& writer) noexcept {
  if (nodes_.empty()) return;
  const Layout& layout = *python.layout;
  writer.begin(dump::kTagDeclaredFrames, sizeof(dump::DeclaredFrame));
  for (const Frame& frame : frames_) {
    dump::DeclaredFrame record{};
    char buffer[512];
    runtime::Text text(buffer, sizeof buffer);
    add_code_name(text, frame.code);
    record.function = writer.string(buffer, text.size());
    record.file = writer.string(
        buffer, copy_text(pointer_at(frame.code + static_cast<uint64_t>(layout.code_filename)), buffer, sizeof buffer));
    const int line = code_line(frame.code, frame.instruction);
    record.line = line > 0 ? static_cast<uint32_t>(line) : 0;
    writer.add(record);
  }
  writer.end();
  writer.begin(dump::kTagDeclaredStacks, sizeof(dump::DeclaredStackNode));
  for (const dump::DeclaredStackNode& node : nodes_) writer.add(node);
  writer.end();
}

}  // namespace reftally::python
