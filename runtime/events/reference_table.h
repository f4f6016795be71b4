// References that have no word of the program for a holder, or one that is told of no more: chains of nodes under
// striped locks, each with the call stack that took the reference. A snapshot may stop a thread anywhere in here: a
// chain is whole at every step.
#pragma once

#include <cstdint>

namespace reftally::runtime {

// Two kinds, by holder. With a holder: a live reference. With holder 0: what is known of an object besides. A node with
// another generation than its object (holder_shadow.h) is of an earlier one at the same address.
struct ReferenceNode {
  uint64_t object, holder;
  uint32_t next;
  uint32_t stack;  // that took the reference; holder 0: of the latest release of a reference nobody knows, or of an
                   // object with tallies, the birth code when it was first heard of
  uint32_t generation;
  uint32_t count;  // references of one stack, when their holders are unknown; holder 0: releases nobody knows
};
static_assert(sizeof(ReferenceNode) == 32);

inline constexpr uint64_t kUnknownHolder = 1;              // or-ed to twice the stack: no address of a pointer is odd
inline constexpr uint64_t kGivenBack = uint64_t{1} << 62;  // or-ed to that: releases by one call stack
inline uint64_t unknown_holder(uint32_t stack) noexcept { return uint64_t{stack} << 1 | kUnknownHolder; }

bool create_reference_table() noexcept;  // once; false when there is no memory

// A holder that takes the same object again without giving it back was overwritten: its first reference has none now.
void add_to_table(uint64_t object, uint64_t holder, uint32_t stack) noexcept;
bool take_from_table(uint64_t object, uint64_t holder, uint32_t& stack) noexcept;
void count_unknown_releases(uint64_t object, uint32_t count, uint32_t stack) noexcept;
// Of an object whose holders are never known: one unit more by `stack`; `kind` 0 or kGivenBack.
void add_tally(uint64_t object, uint64_t kind, uint32_t stack, uint32_t birth_code) noexcept;
uint32_t first_heard_of(uint64_t object) noexcept;  // the birth code of its first tally; 0: none
bool may_be_in_table(uint64_t holder) noexcept;
void unlock_table() noexcept;

void count_lost_event() noexcept;
uint64_t lost_events() noexcept;

// In the cloned child.
bool is_of_now(const ReferenceNode& node) noexcept;
const ReferenceNode* first_of_chain(uint32_t chain) noexcept;
const ReferenceNode* next_of_chain(const ReferenceNode& node) noexcept;
inline constexpr uint32_t kReferenceChains = 1u << 20;

}  // namespace reftally::runtime
