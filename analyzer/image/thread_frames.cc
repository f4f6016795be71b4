#include "analyzer/image/thread_frames.h"

#include <dwarf.h>

namespace reftally {

namespace {

constexpr size_t kMostFrames = 4096;
constexpr int kStackPointer = 7, kReturnAddress = 16;

// The caller's register by its rule: unchanged, saved somewhere, computed, or lost.
void restore_register(Dwarf_Frame* rules, int n, const LocationContext& context, FrameRegisters& caller) {
  Dwarf_Op scratch[3];
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (dwarf_frame_register(rules, n, scratch, &operations, &count) != 0) return;
  const FrameRegisters& callee = context.registers;
  if (count == 0) {  // no operations at all: the same value; an empty list: undefined
    if (!operations && callee.has(n)) caller.set(n, callee.value[n], callee.saved_at[n]);
    return;
  }
  const std::optional<Location> location = evaluate({operations, count}, context);
  if (!location) return;
  if (location->kind == Location::kValue) return caller.set(n, location->number, 0);
  if (location->kind == Location::kRegister) {
    if (callee.has(location->number)) caller.set(n, callee.value[location->number], callee.saved_at[location->number]);
    return;
  }
  if (const auto word = context.image.word(location->number)) caller.set(n, *word, location->number);
}

}  // namespace

const ThreadUnwinder::Tables& ThreadUnwinder::tables(const ModuleFiles& module) {
  auto [found, added] = tables_.try_emplace(&module);
  if (added) {
    if (module.main) found->second.eh_frame.reset(dwarf_getcfi_elf(module.main->elf()));
    if (module.dwarf) found->second.debug_frame = dwarf_getcfi(module.dwarf.get());
  }
  return found->second;
}

ThreadUnwinder::Rules ThreadUnwinder::rules_at(uint64_t address) {
  Rules rules(nullptr, free);
  const ModuleFiles* module = find_module_(address);
  if (!module) return rules;
  const Tables& found = tables(*module);
  for (Dwarf_CFI* cfi : {found.eh_frame.get(), found.debug_frame}) {
    Dwarf_Frame* frame = nullptr;
    if (!cfi || dwarf_cfi_addrframe(cfi, address - module->bias(), &frame) != 0) continue;
    rules.reset(frame);
    break;
  }
  return rules;
}

bool ThreadUnwinder::step(ThreadFrame& frame, ThreadFrame& caller) {
  const Rules rules = rules_at(frame.code);
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  if (!rules || dwarf_frame_cfa(rules.get(), &operations, &count) != 0) return false;
  LocationContext context{image_, frame.registers, std::nullopt, std::nullopt};
  const std::optional<Location> cfa = evaluate({operations, count}, context);
  if (!cfa || cfa->number <= frame.begin) return false;
  frame.end = cfa->number;
  context.frame_address = cfa->number;
  for (int n = 0; n < dump::kRegisterCount; ++n) restore_register(rules.get(), n, context, caller.registers);
  if (!caller.registers.has(kStackPointer) || caller.registers.saved_at[kStackPointer] == 0)
    caller.registers.set(kStackPointer, cfa->number, 0);
  if (!caller.registers.has(kReturnAddress) || caller.registers.value[kReturnAddress] == 0) return false;
  bool is_signal_frame = false;
  dwarf_frame_info(rules.get(), nullptr, nullptr, &is_signal_frame);
  caller.code = caller.registers.value[kReturnAddress] - (is_signal_frame ? 0 : 1);
  caller.begin = caller.registers.value[kStackPointer];
  return true;
}

std::vector<ThreadFrame> ThreadUnwinder::frames(const ImageThread& thread) {
  std::vector<ThreadFrame> frames;
  if ((thread.flags & dump::kThreadRegistersKnown) == 0) return frames;
  ThreadFrame frame;
  for (int n = 0; n < dump::kRegisterCount; ++n) frame.registers.set(n, thread.registers[n], 0);
  frame.code = thread.registers[kReturnAddress];
  frame.begin = thread.registers[kStackPointer];
  while (frames.size() < kMostFrames) {
    ThreadFrame caller;
    const bool has_caller = step(frame, caller);
    if (frame.end) frames.push_back(frame);
    if (!has_caller || caller.begin < frame.end) break;
    frame = caller;
  }
  return frames;
}

}  // namespace reftally
