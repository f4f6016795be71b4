// Call stacks by number, and the chains of callers they have in common: both interned for good, in the agent's own
// memory. call_stacks.h says what they are; here is how they are kept, and what becomes of them when code dies.
#pragma once

#include "runtime/python/call_stacks.h"

namespace reftally::python {

inline constexpr uint32_t kMaxWalked = 2 * kMaxBirthDepth;  // with frames of C code between

struct Level {
  Address instruction;  // of dead code: an odd number, the distance from its begin
  Address frame;        // where it lay last time
};

struct Chain {
  uint32_t first;  // of its levels, innermost first
  uint32_t count : 31;
  uint32_t cut : 1;  // as deep as wanted: callers follow
  uint32_t hash;
  uint32_t marked;    // the level whose frame had a mark when last looked at; `count`: none
  int32_t mark;       // of that frame
  uint32_t compared;  // to its end, since a frame with a mark was looked for
};

// By number of the chain, and by place of the level.
extern Chain* chains;
extern Level* levels;
extern Address* level_codes;  // 0: a frame of C code

inline constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;

struct ChainHash {
  uint64_t bits = 0;
  void add(Address instruction) noexcept { bits = (bits ^ instruction) * kGolden + (bits >> 29); }
  uint32_t of(uint32_t count) const noexcept { return static_cast<uint32_t>(bits >> 32) ^ count; }
};

struct Walked {  // the callers of now
  uint32_t count = 0;
  bool cut = false;
  uint32_t hash = 0;
  Level levels[kMaxWalked];
  Address codes[kMaxWalked];
};

// `forget`: the stack is no more one of now, for its innermost code has died.
bool prepare_stack_tables(void (*forget)(Address instruction, uint32_t chain) noexcept) noexcept;
uint32_t chain_of(const Walked& callers) noexcept;                              // added when new; 0: no room
uint32_t stack_of(Address code, Address instruction, uint32_t chain) noexcept;  // too

}  // namespace reftally::python
