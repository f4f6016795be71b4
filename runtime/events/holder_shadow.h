// The references that are alive, by the address of their holder: for each word of the program that may be a smart
// pointer the object it holds and the call stack that took it, in memory beside the program's.
//
// A smart pointer is never changed by two threads at once, so neither is what stands here for it: an event reads and
// writes a few words without lock or search, as near to each other as the program's own. What stands here is a page for
// each page of the program that ever had a holder or a counted object, found by a directory of open addresses. A
// snapshot may stop a thread anywhere: a reference is there when its object is.
#pragma once

#include <atomic>
#include <cstdint>

namespace reftally::runtime {

struct HeldReference {           // of one word
  std::atomic<uint64_t> object;  // 0: it holds none. Written last. With kReleases: see there
  uint32_t stack;                // that took the reference
  uint32_t generation;           // of the object then
};

// The first word of a counted object is hardly ever a smart pointer, but that of its virtual functions. What stands for
// it is how many references of the object were given back that nobody knows; the stack is the latest one's.
inline constexpr uint64_t kReleases = uint64_t{1} << 63;
inline uint32_t releases_in(uint64_t object) noexcept { return static_cast<uint32_t>(object); }

inline constexpr uint64_t kShadowedPage = 4096, kShadowedWords = kShadowedPage / 8;

struct ShadowPage {
  HeldReference references[kShadowedWords];
  std::atomic<uint32_t> generations[kShadowedWords];  // of objects; 0: nothing is known of it
};

struct ShadowSlot {
  std::atomic<uint64_t> page;  // 0: empty
  std::atomic<ShadowPage*> shadow;
};

inline constexpr uint64_t kShadowSlots = 1u << 21;
extern ShadowSlot* shadow_directory;

ShadowPage* find_shadow_further(uint64_t page) noexcept;

// nullptr: the page has none yet.
[[gnu::always_inline]] inline ShadowPage* shadow_of(uint64_t address) noexcept {
  const uint64_t page = address / kShadowedPage;
  const ShadowSlot& slot = shadow_directory[page % kShadowSlots];
  if (slot.page.load(std::memory_order_relaxed) == page) [[likely]]
    return slot.shadow.load(std::memory_order_acquire);
  return find_shadow_further(page);
}

// Bytes from the first reference. Words at odd multiples of 8 stand behind the even ones: a program has its holders
// mostly at the one or at the other (std::shared_ptr in containers: odd), and half of the page is never touched.
[[gnu::always_inline]] inline uint64_t shadow_offset(uint64_t address) noexcept {
  return (address & 0xff0) + (address & 8) * (sizeof(ShadowPage::references) / 16);
}
static_assert(sizeof(HeldReference) == 16);

[[gnu::always_inline]] inline HeldReference& reference_in(ShadowPage& shadow, uint64_t holder) noexcept {
  return *reinterpret_cast<HeldReference*>(reinterpret_cast<char*>(shadow.references) + shadow_offset(holder));
}
[[gnu::always_inline]] inline std::atomic<uint32_t>& generation_in(ShadowPage& shadow, uint64_t object) noexcept {
  return shadow.generations[shadow_offset(object) / sizeof(HeldReference)];
}
[[gnu::always_inline]] inline void hold(HeldReference& held, uint64_t object, uint32_t stack,
                                        uint32_t generation) noexcept {
  held.stack = stack;
  held.generation = generation;
  held.object.store(object, std::memory_order_release);
}

bool create_shadow() noexcept;  // the directory, once; false when there is no address space. Pages: with the first
                                // event
void unlock_shadow() noexcept;  // in a forked child
const std::atomic<bool>& shadow_in_use() noexcept;  // there are pages

// nullptr, 0: nothing is known, or there is no memory.
HeldReference* make_reference_at(uint64_t holder) noexcept;
uint32_t generation_of(uint64_t object) noexcept;               // begins when the object is first heard of
bool add_release_at(uint64_t object, uint32_t stack) noexcept;  // false: to be kept elsewhere
inline uint32_t known_generation(uint64_t object) noexcept {
  ShadowPage* const shadow = shadow_of(object);
  return shadow != nullptr ? generation_in(*shadow, object).load(std::memory_order_relaxed) : 0;
}
// What is known of an object at this address is of the past: references of an earlier generation are none.
inline void end_generation(std::atomic<uint32_t>& generation) noexcept {
  if (generation.load(std::memory_order_relaxed) != 0) generation.store(0, std::memory_order_relaxed);
}
inline void end_generation(uint64_t object) noexcept {
  if (ShadowPage* const shadow = shadow_of(object)) end_generation(generation_in(*shadow, object));
}

// In the cloned child: pages 0 … count - 1, and the address that the words of one begin at.
uint32_t shadow_page_count() noexcept;
const ShadowPage& shadow_page(uint32_t row, uint64_t& begin) noexcept;
inline uint64_t shadowed_address(uint64_t begin, uint32_t index) noexcept {
  constexpr uint32_t kHalf = kShadowedWords / 2;
  return begin + index % kHalf * 16 + index / kHalf * 8;
}

}  // namespace reftally::runtime
