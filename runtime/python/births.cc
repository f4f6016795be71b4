#include "runtime/python/births.h"

#include <string.h>
#include <sys/mman.h>

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

struct Position {
  Address code, instruction;
};

// ---- stacks

constexpr uint32_t kMaxStacks = 1u << 18, kMaxPositions = 1u << 22;  // 64 MiB of positions, reserved

struct Stack {
  uint32_t first, count;  // of positions
  uint32_t hash;
};
Stack* stacks = nullptr;          // number 0 is unused
uint32_t* stack_slots = nullptr;  // open addressing: number of the stack, 0 empty
Position* positions = nullptr;    // innermost first
uint32_t stack_count = 0, position_count = 0, depth_wanted = 0;
// The stack that an instruction was last innermost of: a loop allocates in few places, each with a stack of its own.
constexpr uint32_t kRecent = 1024;
uint32_t recent[kRecent];

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

void note_block(const void* block, uint32_t stack) noexcept {
  const auto address = reinterpret_cast<uint64_t>(block);
  const uint64_t region = address >> kLeafBits;
  if (region != last_region) {
    last_leaf = leaf_of(region, true);
    last_region = region;
  }
  if (last_leaf != nullptr) last_leaf[(address & ((1u << kLeafBits) - 1)) / 16] = stack;
}

// ---- the stack of now

Address (*current_thread)() = nullptr;

uint32_t walk_stack(Position* to) noexcept {
  const Layout& layout = *python.layout;
  const Address thread = current_thread();
  if (thread == 0) return 0;
  Address holder = thread;
  if (layout.thread_frame_indirect != kAbsent)
    holder = pointer_at(thread + static_cast<uint64_t>(layout.thread_frame_indirect));
  Address frame = holder != 0 ? pointer_at(holder + static_cast<uint64_t>(layout.thread_frame)) : 0;
  const bool is_object = layout.frame_function == kAbsent;  // up to 3.10: f_lasti is an index
  uint32_t count = 0;
  for (; frame != 0 && count < depth_wanted; frame = pointer_at(frame + static_cast<uint64_t>(layout.frame_previous))) {
    const Address code = pointer_at(frame + static_cast<uint64_t>(layout.frame_code));
    const Address place = frame + static_cast<uint64_t>(layout.frame_instruction);
    const Address instruction = is_object ? indexed_instruction(code, read<int32_t>(place)) : pointer_at(place);
    // 3.12 and later put frames of C code between: what they call their code has no lines.
    const bool is_c =
        python.at_least(12) && read<uint8_t>(frame + static_cast<uint64_t>(layout.frame_owner)) >= kOwnedByCStack;
    if (code == 0 || is_c) continue;
    to[count++] = {code, instruction};
  }
  return count;
}

bool is_stack(uint32_t number, const Position* found, uint32_t count) noexcept {
  return stacks[number].count == count &&
         memcmp(positions + stacks[number].first, found, count * sizeof(Position)) == 0;
}

uint32_t hash_of(const Position* found, uint32_t count) noexcept {
  uint64_t hash = count;
  for (uint32_t i = 0; i < count; i++) hash = (hash ^ found[i].instruction) * 0x9E3779B97F4A7C15u + (hash >> 29);
  return static_cast<uint32_t>(hash >> 32);
}

uint32_t add_stack(const Position* found, uint32_t count, uint32_t hash) noexcept {
  if (stack_count + 1 >= kMaxStacks / 2 || position_count + count > kMaxPositions) return 0;
  for (uint32_t i = 0; i < count; i++)
    if (type_of(found[i].code) != python.types.code || !keep_code(found[i].code)) return 0;
  memcpy(positions + position_count, found, count * sizeof(Position));
  stacks[++stack_count] = {position_count, count, hash};
  position_count += count;
  return stack_count;
}

uint32_t current_stack() noexcept {
  Position found[kMaxBirthDepth];
  const uint32_t count = walk_stack(found);
  if (count == 0) return 0;
  uint32_t& last = recent[found[0].instruction / 2 & (kRecent - 1)];
  if (is_stack(last, found, count)) return last;
  const uint32_t hash = hash_of(found, count);
  uint32_t i = hash & (kMaxStacks - 1);
  for (; stack_slots[i] != 0; i = (i + 1) & (kMaxStacks - 1)) {
    const uint32_t number = stack_slots[i];
    if (stacks[number].hash == hash && is_stack(number, found, count)) return last = number;
  }
  const uint32_t number = add_stack(found, count, hash);
  if (number != 0) stack_slots[i] = last = number;
  return number;
}

// ---- hooks: called with the GIL

template <int Domain>
void* on_malloc(void* context, size_t size) {
  void* block = base[Domain].malloc(context, size);
  if (block != nullptr) note_block(block, current_stack());
  return block;
}

template <int Domain>
void* on_calloc(void* context, size_t count, size_t size) {
  void* block = base[Domain].calloc(context, count, size);
  if (block != nullptr) note_block(block, current_stack());
  return block;
}

// What grows keeps its birth.
template <int Domain>
void* on_realloc(void* context, void* old, size_t size) {
  const uint32_t stack = old != nullptr ? birth_of_block(reinterpret_cast<Address>(old)) : 0;
  void* block = base[Domain].realloc(context, old, size);
  if (block != nullptr) note_block(block, stack != 0 ? stack : current_stack());
  return block;
}

template <int Domain>
void hook() noexcept {
  python.PyMem_GetAllocator(Domain, &base[Domain]);
  Allocator hooked = base[Domain];  // its context and its free are used as they are
  hooked.malloc = on_malloc<Domain>;
  hooked.calloc = on_calloc<Domain>;
  hooked.realloc = on_realloc<Domain>;
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
  positions = static_cast<Position*>(runtime::map_memory(kMaxPositions * sizeof(Position)));
  codes = static_cast<Address*>(runtime::map_memory(kMaxCodes * sizeof(Address)));
  if (stacks == nullptr || stack_slots == nullptr || positions == nullptr || codes == nullptr) {
    runtime::say("no birth stacks of Python objects: no address space");
    return false;
  }
  depth_wanted = depth < kMaxBirthDepth ? depth : kMaxBirthDepth;
  hook<1>();
  hook<2>();
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
    const Position& position = positions[stacks[stack].first + i];
    const uint32_t frame = frame_of(position.code, position.instruction);
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
