#include "runtime/python/births.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>

#include <atomic>

#include "runtime/core/memory_limit.h"
#include "runtime/core/system.h"
#include "runtime/python/call_stacks.h"
#include "runtime/python/named_code.h"
#include "runtime/python/names.h"

namespace reftally::python {
namespace {

constexpr int kDomains = 3;  // raw (left alone: it is used without the GIL), mem, object
constexpr int kMemoryDomain = 1;
constexpr uint32_t kIsMemory = 1u << 30;  // beside the number of a stack: no object

struct Allocator {  // PyMemAllocatorEx
  void* context;
  void* (*malloc)(void*, size_t);
  void* (*calloc)(void*, size_t, size_t);
  void* (*realloc)(void*, void*, size_t);
  void (*free)(void*, void*);
};
Allocator base[kDomains];
bool recorded = false, with_native = false;

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
using Leaves = std::atomic<Leaf*>[1u << kMiddleBits];
std::atomic<Leaves*> shadow[1u << kTopBits];  // made with the GIL, read by threads of other interpreters too
uint64_t last_region = ~uint64_t{0};
Leaf* last_leaf = nullptr;

constexpr size_t kLeafSize = (sizeof(Leaf) << kLeafBits) / 16;

// Many leaves a mapping: the agent can have few mappings. Pages are used as they are touched.
Leaf* new_leaf() noexcept {
  constexpr size_t kFewest = 16, kMost = 512;
  static char* room = nullptr;
  static size_t leaves = kFewest / 2, left = 0;
  if (left == 0) {
    const size_t next = leaves < kMost ? 2 * leaves : kMost;
    room = static_cast<char*>(runtime::map_memory(next * kLeafSize));
    if (room == nullptr) return nullptr;
    leaves = left = next;
  }
  return reinterpret_cast<Leaf*>(room + kLeafSize * (leaves - left--));
}

Leaf* leaf_of(uint64_t region, bool make) noexcept {
  if (region >> (kMiddleBits + kTopBits) != 0) return nullptr;
  std::atomic<Leaves*>& middle = shadow[region >> kMiddleBits];
  if (middle == nullptr) {
    if (!make) return nullptr;
    middle = static_cast<Leaves*>(runtime::map_memory(sizeof(Leaves)));
    if (middle == nullptr) return nullptr;
  }
  std::atomic<Leaf*>& leaf = (*middle)[region & ((1u << kMiddleBits) - 1)];
  if (leaf == nullptr && make) leaf = new_leaf();
  return leaf;
}

// What was noted of it is of a block before: nothing is known of one of another interpreter.
[[gnu::noinline]] void forget_block(Address block) noexcept {
  if (Leaf* leaf = leaf_of(block >> kLeafBits, false)) leaf[(block & ((1u << kLeafBits) - 1)) / 16] = 0;
}

template <int Domain>
[[gnu::always_inline]] inline void note_block(const void* block, uint32_t stack) noexcept {
  if (stack == kOfOtherInterpreter) [[unlikely]]
    return forget_block(reinterpret_cast<Address>(block));
  if constexpr (Domain == kMemoryDomain) stack |= kIsMemory;
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

uint32_t noted_of_block(Address block) noexcept {
  const Leaf* leaf = leaf_of(block >> kLeafBits, false);
  return leaf != nullptr ? leaf[(block & ((1u << kLeafBits) - 1)) / 16] : 0;
}

// ---- hooks: called with the GIL of the interpreter that runs, which may not be the recorded one

template <FrameKind Kind>
[[gnu::always_inline]] inline uint32_t stack_of_caller() noexcept {
  const uint32_t stack = current_stack<Kind>();
  return with_native && stack != kOfOtherInterpreter ? with_native_frames(stack, runtime::caller_registers()) : stack;
}

template <int Domain, FrameKind Kind>
void* on_malloc(void* context, size_t size) {
  void* block = base[Domain].malloc(context, size);
  if (block != nullptr) note_block<Domain>(block, stack_of_caller<Kind>());
  return block;
}

template <int Domain, FrameKind Kind>
void* on_calloc(void* context, size_t count, size_t size) {
  void* block = base[Domain].calloc(context, count, size);
  if (block != nullptr) note_block<Domain>(block, stack_of_caller<Kind>());
  return block;
}

// What grows keeps its birth.
template <int Domain, FrameKind Kind>
void* on_realloc(void* context, void* old, size_t size) {
  const uint32_t stack = old != nullptr ? birth_of_block(reinterpret_cast<Address>(old)) : 0;
  void* block = base[Domain].realloc(context, old, size);
  const bool keeps = stack != 0 && is_recorded_thread();
  if (block != nullptr) note_block<Domain>(block, keeps ? stack : stack_of_caller<Kind>());
  return block;
}

template <int Domain, FrameKind Kind>
void hook() noexcept {
  python.PyMem_GetAllocator(Domain, &base[Domain]);
  Allocator hooked = base[Domain];  // its context and its free are used as they are
  hooked.malloc = on_malloc<Domain, Kind>;
  hooked.calloc = on_calloc<Domain, Kind>;
  hooked.realloc = on_realloc<Domain, Kind>;
  python.PyMem_SetAllocator(Domain, &hooked);
}

template <FrameKind Kind>
void hook_both() noexcept {
  hook<1, Kind>();
  hook<2, Kind>();
}

}  // namespace

bool births_are_recorded() noexcept { return recorded; }

bool record_births(uint32_t depth) noexcept {
  if (depth == 0) return false;
  if (recorded) return true;
  if (runtime::memory_is_scarce()) {
    runtime::say("memory is limited to less than 1 GB (ulimit -v, -d): no birth stacks of Python objects");
    return false;
  }
  if (!prepare_call_stacks(depth < kMaxBirthDepth ? depth : kMaxBirthDepth)) {
    runtime::say("no birth stacks of Python objects: no address space");
    return false;
  }
  recorded = true;
  join_events();
  switch (frame_kind()) {
    case FrameKind::kBlockObject:
      hook_both<FrameKind::kBlockObject>();
      break;
    case FrameKind::kObject:
      hook_both<FrameKind::kObject>();
      break;
    case FrameKind::kRecord:
      hook_both<FrameKind::kRecord>();
      break;
  }
  return true;
}

bool record_native_frames() noexcept {
  if (!with_native) with_native = prepare_native_frames();
  return with_native;
}

uint32_t birth_of_block(Address block) noexcept { return noted_of_block(block) & ~kIsMemory; }
bool is_memory_block(Address block) noexcept { return (noted_of_block(block) & kIsMemory) != 0; }

// ---- in the child

uint32_t BirthWriter::frame_of(Address code, Address instruction) noexcept {
  uint32_t& row = frame_index_[instruction];
  if (row == 0) {
    frames_.push({code, instruction});
    row = static_cast<uint32_t>(frames_.size());
  }
  return row - 1;
}

uint32_t BirthWriter::node_below(uint32_t parent, const CallSite& site) noexcept {
  const uint32_t frame = frame_of(site.code, site.instruction);
  uint32_t& node = node_index_[(uint64_t{frame} << 32 | parent) + 1];
  if (node == 0) {
    nodes_.push({frame, parent});
    node = static_cast<uint32_t>(nodes_.size());
  }
  return node;
}

uint32_t BirthWriter::node_of(uint32_t stack) noexcept {
  if (stack == 0) return 0;
  if (const uint32_t* known = stack_node_.find(stack)) return *known;
  const bool is_native = is_native_stack(stack);
  const uint32_t node = is_native ? add_native(native_stack(stack)) : add_python(stack);
  return stack_node_[stack] = node;
}

uint32_t BirthWriter::add_python(uint32_t stack) noexcept {
  uint32_t node = 0;
  for (uint32_t level = call_stack_size(stack); level-- > 0;) {
    const CallSite site = call_site(stack, level);
    if (site.code != 0) node = node_below(node, site);
  }
  return node;
}

uint32_t BirthWriter::add_native(const NativeStack& stack) noexcept {
  uint32_t node = node_of(stack.python_stack);
  for (uint32_t i = stack.count; i-- > 0;) node = node_below(node, {0, stack.return_addresses[i]});
  return node;
}

void BirthWriter::write_native(dump::Writer& writer) noexcept {
  writer.begin(dump::kTagNativeFrames, sizeof(dump::NativeFrame));
  for (uint32_t i = 0; i < frames_.size(); i++)
    if (frames_[i].code == 0) writer.add(dump::NativeFrame{i, 0, frames_[i].instruction});
  writer.end();
}

dump::DeclaredFrame BirthWriter::described(dump::Writer& writer, const Frame& frame) noexcept {
  const Layout& layout = *python.layout;
  dump::DeclaredFrame record{};
  if (frame.code == 0) {
    record.function = writer.string("native code");
    return record;
  }
  if (is_dead(frame.code)) {
    const DeadCode dead = describe_dead(frame.code);
    record.function = writer.string(dead.function);
    record.file = writer.string(dead.file);
    record.line = dead.line;
    return record;
  }
  char buffer[512];
  runtime::Text text(buffer, sizeof buffer);
  add_code_name(text, frame.code);
  record.function = writer.string(buffer, text.size());
  record.file = writer.string(
      buffer, copy_text(pointer_at(frame.code + static_cast<uint64_t>(layout.code_filename)), buffer, sizeof buffer));
  const int line = code_line(frame.code, frame.instruction);
  record.line = line > 0 ? static_cast<uint32_t>(line) : 0;
  return record;
}

void BirthWriter::write(dump::Writer& writer) noexcept {
  if (nodes_.empty()) return;
  writer.begin(dump::kTagDeclaredFrames, sizeof(dump::DeclaredFrame));
  for (const Frame& frame : frames_) writer.add(described(writer, frame));
  writer.end();
  if (with_native) write_native(writer);
  writer.begin(dump::kTagDeclaredStacks, sizeof(dump::DeclaredStackNode));
  for (const dump::DeclaredStackNode& node : nodes_) writer.add(node);
  writer.end();
}

}  // namespace reftally::python
