#include "analyzer/image/class_sizes.h"

namespace reftally {

namespace {

constexpr uint8_t kMoveToEsi = 0xbe, kMoveToEdx = 0xba;
constexpr size_t kLongestPrologue = 64;  // -O0: the frame, and the call of the destructor itself
constexpr uint64_t kLargestSize = uint64_t{1} << 30;

// Between the size and the call at most the alignment and the address are set, and the frame is left; 0: else.
size_t length_of_setting(Code code) {
  if (starts_with(code, {kMoveToEdx})) return 5;
  for (uint8_t pop : {0x58, 0x5b, 0x5d})  // rax, rbx, rbp
    if (starts_with(code, {pop})) return 1;
  if (starts_with(code, {0x48, 0x89})) return 3;                                       // rdi from another register
  if (starts_with(code, {0x48, 0x8b, 0x7d}) || starts_with(code, {0x48, 0x8b, 0x45}))  // rdi, rax from the frame
    return 4;
  return starts_with(code, {0x48, 0x83, 0xc4}) ? 4 : 0;  // add to rsp
}

// Where the call is that comes next; nothing when something else comes before.
std::optional<size_t> next_call(Code code, size_t at) {
  while (at + 6 <= code.size()) {
    const Code rest = code.subspan(at);
    if (rest[0] == kCallOpcode || rest[0] == kJumpOpcode || rest[0] == 0xff) return at;
    const size_t length = length_of_setting(rest);
    if (length == 0) return std::nullopt;
    at += length;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> size_of_class(const ModuleCode& module, uint64_t vtable) {
  const uint64_t destructor = module.pointer_at(vtable + 8);
  const Code code = destructor ? module.from(destructor) : Code{};
  for (size_t at = 0; at <= kLongestPrologue && at + 5 <= code.size(); ++at) {
    if (code[at] != kMoveToEsi) continue;
    const auto call = next_call(code, at + 5);
    const int64_t size = immediate_at(code, at + 1);
    if (call && size > 0 && static_cast<uint64_t>(size) <= kLargestSize &&
        module.import_called_at(destructor + *call).starts_with("_ZdlPvm"))
      return static_cast<uint64_t>(size);
  }
  return std::nullopt;
}

}  // namespace reftally
