// Where the unwind information of a pc lies: the frame description entry (FDE) of .eh_frame that covers it.
//
// By _dl_find_object (glibc 2.35) and the sorted table of .eh_frame_hdr. libgcc's _Unwind_Find_FDE would do too, but it
// takes a mutex, and calls malloc under it, once a JIT compiler has registered frames: a hook that unwinds would hang.
// Code made at run time is therefore unknown here, and a stack ends there.
#pragma once

#include <cstdint>

namespace reftally::runtime {

struct FrameDescription {
  const uint8_t* entry;  // nullptr: none
  uint64_t function;     // first pc it covers
};

FrameDescription find_frame_description(uint64_t pc) noexcept;  // async-signal-safe
bool is_in_c_library(uint64_t pc) noexcept;                     // too

}  // namespace reftally::runtime
