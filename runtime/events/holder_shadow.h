// The references that are alive, by the address of their holder: for each word of the program that may be a smart
// pointer the object it holds and the call stack that took it, in memory beside the program's.
//
// A smart pointer is never changed by two threads at once, so neither is what stands here for it: an event reads and
// writes a few words without lock or search, as near to each other as the program's own. What stands here is a region
// of address space for each region of the program that ever had a holder or a counted object, and in it memory for what
// is used. A snapshot may stop a thread anywhere: a reference is there when its object is.
#pragma once

#include <atomic>
#include <cstdint>

namespace reftally::runtime {

struct HeldReference {           // of one word
  std::atomic<uint64_t> object;  // kHoldsNone, or 0: no word near it ever was a holder. Written last. With kReleases:
                                 // see there
  uint32_t stack;                // that took the reference
  uint32_t generation;           // of the object then
};
inline constexpr uint64_t kHoldsNone = 1;

// The first word of a counted object is hardly ever a smart pointer, but that of its virtual functions. What stands for
// it is how many references of the object were given back that nobody knows; the stack is the latest one's.
inline constexpr uint64_t kReleases = uint64_t{1} << 63;
inline uint32_t releases_in(uint64_t object) noexcept { return static_cast<uint32_t>(object); }

inline constexpr uint32_t kShadowedShift = 22;
inline constexpr uint64_t kShadowedBytes = 1u << kShadowedShift, kShadowedRegions = 1ull << (47 - kShadowedShift);
// References for 4 KiB of the program are a page each for the words at even and at odd multiples of 8: a program has
// its holders mostly at the one or at the other (std::shared_ptr in containers: odd), and the other page is never
// touched.
inline constexpr uint32_t kPageReferences = 4096 / 16, kPagesOfHalf = kShadowedBytes / 4096;

inline constexpr uint64_t kGroupBytes = kShadowedBytes / 64;  // what is there for them is made at once

struct alignas(4096) ShadowRegion {
  HeldReference references[2][kShadowedBytes / 16];
  std::atomic<uint32_t> generations[kShadowedBytes / 8];  // of objects; 0: nothing is known of it
  std::atomic<uint8_t> pages[2][kPagesOfHalf];            // of references: PageState in holder_shadow.cc
  std::atomic<uint64_t> object_groups;                    // a bit for each 64 KiB: an object there is known
};
static_assert(sizeof(HeldReference) == 16);

// Of a region of the program: the address of its shadow, less its own.
struct Shadow {
  uint64_t bias;  // 0: there is none yet
  explicit operator bool() const noexcept { return bias != 0; }
};
using ShadowTable =
    std::atomic<uint64_t>*;  // a bias for each region: 256 MiB of address space, from the first event on

[[gnu::visibility("hidden")]] extern ShadowTable shadow_table asm("reftally_shadow_table");
extern std::atomic<uint64_t> shadow_regions;  // how many it has: all or, before the first event, none
// How many of it the shortest way of an event looks at: all, or none while no event may go this way.
[[gnu::visibility("hidden")]] extern std::atomic<uint64_t> near_shadow_regions asm("reftally_near_regions");
void use_near_shadow(bool use) noexcept;

[[gnu::always_inline]] inline Shadow shadow_of(uint64_t address) noexcept {
  const uint64_t region = address >> kShadowedShift;
  return {region < shadow_regions.load(std::memory_order_acquire) ? shadow_table[region].load(std::memory_order_acquire)
                                                                  : 0};
}

inline ShadowRegion& region_of(Shadow shadow, uint64_t address) noexcept {
  return *reinterpret_cast<ShadowRegion*>(shadow.bias + address / kShadowedBytes * kShadowedBytes);
}

// As overlay_entries.cc has it once more. Holders are multiples of 8.
[[gnu::always_inline]] inline HeldReference& reference_in(Shadow shadow, uint64_t holder) noexcept {
  constexpr uint64_t kToOdd = sizeof(ShadowRegion::references) / 2 / 8 - 1;  // for each of the 8 bytes
  return *reinterpret_cast<HeldReference*>(shadow.bias + holder + (holder & 8) * kToOdd);
}
[[gnu::always_inline]] inline std::atomic<uint32_t>& generation_in(Shadow shadow, uint64_t object) noexcept {
  const uint64_t word = object & ~uint64_t{7}, unused = word % kShadowedBytes / 2;
  return *reinterpret_cast<std::atomic<uint32_t>*>(shadow.bias + word - unused + sizeof(ShadowRegion::references));
}
[[gnu::always_inline]] inline uint64_t object_of(const HeldReference& held) noexcept {
  return held.object.load(std::memory_order_relaxed);
}
[[gnu::always_inline]] inline void hold(HeldReference& held, uint64_t object, uint32_t stack,
                                        uint32_t generation) noexcept {
  held.stack = stack;
  held.generation = generation;
  held.object.store(object, std::memory_order_release);
}

[[gnu::always_inline]] inline void let_go(HeldReference& held) noexcept {
  held.object.store(kHoldsNone, std::memory_order_release);
}

void unlock_shadow() noexcept;                      // in a forked child
const std::atomic<bool>& shadow_in_use() noexcept;  // there are regions

// nullptr, 0: nothing is known, or there is no memory.
HeldReference* make_reference_at(uint64_t holder) noexcept;
uint32_t generation_of(uint64_t object) noexcept;               // begins when the object is first heard of
bool add_release_at(uint64_t object, uint32_t stack) noexcept;  // false: to be kept elsewhere
inline uint32_t known_generation(uint64_t object) noexcept {
  const Shadow shadow = shadow_of(object);
  return shadow ? generation_in(shadow, object).load(std::memory_order_relaxed) : 0;
}
// What is known of an object at this address is of the past: references of an earlier generation are none.
inline void end_generation(std::atomic<uint32_t>& generation) noexcept {
  if (generation.load(std::memory_order_relaxed) != 0) generation.store(0, std::memory_order_relaxed);
}
inline void end_generation(uint64_t object) noexcept {
  if (const Shadow shadow = shadow_of(object)) end_generation(generation_in(shadow, object));
}
// What is asked for with every block that is freed: false in most of a program that has few counted objects.
inline bool may_know_object(Shadow shadow, uint64_t address) noexcept {
  const uint64_t groups = region_of(shadow, address).object_groups.load(std::memory_order_relaxed);
  return (groups >> address % kShadowedBytes / kGroupBytes & 1) != 0;
}

// In the cloned child: calls visit(address of the word, reference) for every word that is or was a holder.
uint32_t shadow_region_count() noexcept;
const ShadowRegion* shadow_region(uint32_t row, uint64_t& begin) noexcept;  // nullptr: an unused row
bool has_references(const ShadowRegion& shadow, uint32_t half, uint32_t page) noexcept;
template <class Visit>
void for_each_reference(Visit visit) noexcept {
  for (uint32_t row = 0; row < shadow_region_count(); row++) {
    uint64_t begin = 0;
    const ShadowRegion* const shadow = shadow_region(row, begin);
    if (shadow == nullptr) continue;
    for (uint32_t i = 0; i < 2 * kPagesOfHalf; i++) {
      const uint32_t half = i / kPagesOfHalf, page = i % kPagesOfHalf;
      if (!has_references(*shadow, half, page)) continue;
      for (uint64_t at = 0, first = uint64_t{page} * kPageReferences; at < kPageReferences; at++)
        visit(begin + (first + at) * 16 + half * 8, shadow->references[half][first + at]);
    }
  }
}

}  // namespace reftally::runtime
