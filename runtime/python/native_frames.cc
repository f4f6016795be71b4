#include "runtime/python/native_frames.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

#include "runtime/core/system.h"
#include "runtime/python/call_stacks.h"

namespace reftally::python {
namespace {

struct Range {
  uint64_t begin = 0, end = 0;
  bool holds(uint64_t address) const noexcept { return address >= begin && address < end; }
};
Range interpreter_code;  // of libpython, or of the executable
Range evaluator;         // _PyEval_EvalFrameDefault: whose caller is, up to 3.10, no code of the innermost Python frame

struct Row {
  uint32_t python_stack;
  uint32_t hash;
  uint32_t first;  // of its addresses, innermost first
  uint32_t count;
};
constexpr uint32_t kNative = 1u << 31;  // in the number of a stack
constexpr uint32_t kMaxRows = 1u << 18, kMaxAddresses = 1u << 21, kMaxFrames = 32;
Row* rows = nullptr;
uint32_t* slots = nullptr;  // open addressing: number of the row, from 1
uint64_t* addresses = nullptr;
uint32_t row_count = 0, address_count = 0;

int find_interpreter(dl_phdr_info* module, size_t, void*) {
  const auto known = reinterpret_cast<uint64_t>(python.Py_IncRef);
  Range range{~uint64_t{0}, 0};
  for (int i = 0; i < module->dlpi_phnum; i++) {
    const ElfW(Phdr)& segment = module->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const uint64_t begin = module->dlpi_addr + segment.p_vaddr;
    if (begin < range.begin) range.begin = begin;
    if (begin + segment.p_memsz > range.end) range.end = begin + segment.p_memsz;
  }
  if (!range.holds(known)) return 0;
  interpreter_code = range;
  return 1;
}

void find_evaluator() noexcept {
  void* const function = dlsym(RTLD_DEFAULT, "_PyEval_EvalFrameDefault");
  Dl_info info{};
  void* symbol = nullptr;
  if (function == nullptr || dladdr1(function, &info, &symbol, RTLD_DL_SYMENT) == 0 || symbol == nullptr) return;
  const auto begin = reinterpret_cast<uint64_t>(function);
  evaluator = {begin, begin + static_cast<const ElfW(Sym)*>(symbol)->st_size};
}

struct Found {
  uint32_t count = 0;
  uint32_t hash = 0;
  uint64_t frames[kMaxFrames];
};

void walk(const runtime::Registers& caller, Found& found) noexcept {
  const uint64_t limit = native_stack_limit();
  runtime::StackWalk walk(caller, runtime::bounds_around(caller.sp), true);
  uint32_t count = 0;
  do {
    const runtime::Registers& at = walk.registers();
    if (limit != 0 ? at.sp > limit : evaluator.holds(at.pc - 1)) break;
    const bool is_extension = !interpreter_code.holds(at.pc);
    if (count == 0 && !is_extension) continue;
    found.frames[count++] = at.pc;
    if (is_extension) found.count = count;
  } while (count < kMaxFrames && walk.step());
}

uint32_t find_row(uint32_t python_stack, const Found& found) noexcept {
  uint64_t hash = python_stack;
  for (uint32_t i = 0; i < found.count; i++) hash = (hash ^ found.frames[i]) * 0x9E3779B97F4A7C15u + (hash >> 29);
  const auto short_hash = static_cast<uint32_t>(hash >> 32);
  uint32_t i = short_hash & (kMaxRows - 1);
  for (; slots[i] != 0; i = (i + 1) & (kMaxRows - 1)) {
    const Row& row = rows[slots[i]];
    if (row.hash == short_hash && row.python_stack == python_stack && row.count == found.count &&
        memcmp(addresses + row.first, found.frames, found.count * sizeof *addresses) == 0)
      return slots[i];
  }
  if (row_count + 1 >= kMaxRows / 2 || address_count + found.count > kMaxAddresses) return 0;
  memcpy(addresses + address_count, found.frames, found.count * sizeof *addresses);
  rows[++row_count] = {python_stack, short_hash, address_count, found.count};
  address_count += found.count;
  return slots[i] = row_count;
}

template <class T>
bool map(T*& to, size_t count) noexcept {
  return (to = static_cast<T*>(runtime::map_memory(count * sizeof(T)))) != nullptr;
}

}  // namespace

bool prepare_native_frames() noexcept {
  dl_iterate_phdr(find_interpreter, nullptr);
  find_evaluator();
  if (interpreter_code.end != 0 && evaluator.end != 0 && runtime::create_unwinder() && map(rows, kMaxRows / 2) &&
      map(slots, kMaxRows) && map(addresses, kMaxAddresses))
    return true;
  runtime::say("no native frames in birth stacks: the interpreter's code is not found, or there is no address space");
  return false;
}

uint32_t with_native_frames(uint32_t python_stack, const runtime::Registers& caller) noexcept {
  Found found;
  walk(caller, found);
  if (found.count == 0) return python_stack;
  const uint32_t row = find_row(python_stack, found);
  return row != 0 ? kNative | row : python_stack;
}

bool is_native_stack(uint32_t stack) noexcept { return (stack & kNative) != 0; }

NativeStack native_stack(uint32_t stack) noexcept {
  const Row& row = rows[stack & ~kNative];
  return {row.python_stack, row.count, addresses + row.first};
}

}  // namespace reftally::python
