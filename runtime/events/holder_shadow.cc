#include "runtime/events/holder_shadow.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#include "runtime/core/growing_memory.h"
#include "runtime/core/memory_limit.h"
#include "runtime/core/recorder.h"
#include "runtime/core/system.h"

namespace reftally::runtime {

ShadowTable shadow_table = nullptr;
std::atomic<uint64_t> shadow_regions{0}, near_shadow_regions{0};

namespace {

constexpr uint32_t kMaxRegions = 1u << 15;  // of 128 GiB of the program

struct RegionRow {
  ShadowRegion* shadow;  // nullptr: there was no memory
  uint64_t begin;
};
GrowingArray<ShadowRegion, 0> region_memory;
GrowingArray<RegionRow, 8> region_rows;
std::atomic<uint32_t> rows_used{0};
std::atomic<bool> near_is_wanted{false};
std::atomic<uint32_t> generations{0};
std::atomic<bool> in_use{false};

enum State : uint32_t { kNotYet, kMapping, kReady, kFailed };
std::atomic<uint32_t> state{kNotYet};

bool map_table() noexcept {
  constexpr uint64_t kBytes = sizeof(*shadow_table) * kShadowedRegions;
  if (recorder.restricted || !leaves_enough_memory(kBytes)) return false;  // mmap may be forbidden now
  shadow_table = static_cast<ShadowTable>(map_memory(kBytes));
  if (shadow_table == nullptr) return false;
  shadow_regions.store(kShadowedRegions, std::memory_order_release);
  if (near_is_wanted.load()) near_shadow_regions.store(kShadowedRegions, std::memory_order_release);
  return true;
}

// The first event of the process maps; those of other threads wait.
bool ensure_table() noexcept {
  uint32_t now = kNotYet;
  if (state.compare_exchange_strong(now, kMapping)) {
    now = map_table() ? kReady : kFailed;
    state.store(now, std::memory_order_release);
    in_use.store(now == kReady, std::memory_order_release);
  }
  while (now == kMapping) {
    sched_yield();
    now = state.load(std::memory_order_acquire);
  }
  return now == kReady;
}

Shadow make_shadow_of(uint64_t address) noexcept {
  const uint64_t region = address >> kShadowedShift;
  if (address < 4096 || region >= kShadowedRegions) return {};
  if (const Shadow known = shadow_of(address)) return known;
  if (!ensure_table() || region_memory.exhausted()) return {};
  const uint32_t number = rows_used.fetch_add(1, std::memory_order_relaxed);
  RegionRow* const row = number < kMaxRegions ? region_rows.make(number) : nullptr;
  ShadowRegion* const fresh = row != nullptr ? region_memory.make(number) : nullptr;
  if (fresh == nullptr) return {};
  *row = {fresh, region << kShadowedShift};
  const uint64_t bias = reinterpret_cast<uint64_t>(fresh) - row->begin;
  uint64_t there = 0;
  // The loser of a race wastes untouched address space only.
  const bool first = shadow_table[region].compare_exchange_strong(there, bias, std::memory_order_acq_rel);
  return {first ? bias : there};
}

// Memory for a group at once: cheaper than a fault for each page, and another for each that is read before it is
// written.
void populate(void* begin, uint64_t size) noexcept {
  if (recorder.restricted) return;
  const int saved = errno;
  madvise(begin, size, MADV_POPULATE_WRITE);  // since Linux 5.14
  errno = saved;
}

enum PageState : uint8_t { kUntouched, kFilling, kFilled };
constexpr uint64_t kGroupPages = kGroupBytes / 4096;

void populate_group(ShadowRegion& region, uint64_t half, uint64_t page) noexcept {
  const uint64_t first = page / kGroupPages * kGroupPages;
  for (uint64_t other = first; other < first + kGroupPages; other++)
    if (other != page && region.pages[half][other].load(std::memory_order_relaxed) != kUntouched) return;
  populate(&region.references[half][first * kPageReferences], kGroupBytes);
}

// Says of the words of a page that they hold none: from then on events need not ask. A word that is 0 still is passed
// by, and one that is written changes no more here. False while another thread does it.
bool fill_page(Shadow shadow, uint64_t holder) noexcept {
  ShadowRegion& region = region_of(shadow, holder);
  const uint64_t half = holder >> 3 & 1, page = holder % kShadowedBytes / 4096;
  std::atomic<uint8_t>& now = region.pages[half][page];
  uint8_t there = now.load(std::memory_order_acquire);
  if (there != kUntouched || !now.compare_exchange_strong(there, kFilling)) return there == kFilled;
  populate_group(region, half, page);
  for (uint32_t i = 0; i < kPageReferences; i++)
    region.references[half][page * kPageReferences + i].object.store(kHoldsNone, std::memory_order_relaxed);
  now.store(kFilled, std::memory_order_release);
  return true;
}

void note_object(Shadow shadow, uint64_t object) noexcept {
  if (may_know_object(shadow, object)) return;
  ShadowRegion& region = region_of(shadow, object);
  const uint64_t group = object % kShadowedBytes / kGroupBytes;
  constexpr uint64_t kGenerations = kGroupBytes / 8;
  populate(&region.generations[group * kGenerations], kGenerations * sizeof region.generations[0]);
  region.object_groups.fetch_or(uint64_t{1} << group, std::memory_order_relaxed);
}

}  // namespace

void use_near_shadow(bool use) noexcept {
  near_is_wanted.store(use);
  near_shadow_regions.store(use ? shadow_regions.load() : 0, std::memory_order_release);
}

void unlock_shadow() noexcept {
  uint32_t now = kMapping;  // by a thread that is not there
  state.compare_exchange_strong(now, kNotYet);
}

const std::atomic<bool>& shadow_in_use() noexcept { return in_use; }

HeldReference* make_reference_at(uint64_t holder) noexcept {
  const Shadow shadow = make_shadow_of(holder);
  return shadow && fill_page(shadow, holder) ? &reference_in(shadow, holder) : nullptr;
}

uint32_t generation_of(uint64_t object) noexcept {
  const Shadow shadow = make_shadow_of(object);
  if (!shadow) return 0;
  note_object(shadow, object);
  std::atomic<uint32_t>& generation = generation_in(shadow, object);
  uint32_t there = generation.load(std::memory_order_relaxed);
  if (there != 0) return there;
  const uint32_t fresh = generations.fetch_add(1, std::memory_order_relaxed) + 1;
  return generation.compare_exchange_strong(there, fresh) ? fresh : there;
}

bool add_release_at(uint64_t object, uint32_t stack) noexcept {
  const uint32_t generation = object % 8 == 0 ? generation_of(object) : 0;
  HeldReference* const own = generation != 0 ? make_reference_at(object) : nullptr;
  if (own == nullptr) return false;
  uint64_t there = own->object.load(std::memory_order_relaxed), next;
  do {
    if (there != kHoldsNone && (there & kReleases) == 0) return false;  // a smart pointer after all
    const uint32_t before = there != kHoldsNone && own->generation == generation ? releases_in(there) : 0;
    own->stack = stack;
    own->generation = generation;
    next = kReleases | (before + 1);
  } while (!own->object.compare_exchange_weak(there, next, std::memory_order_release, std::memory_order_relaxed));
  return true;
}

uint32_t shadow_region_count() noexcept {
  const uint64_t used = rows_used.load(std::memory_order_relaxed), made = region_rows.made();
  return static_cast<uint32_t>(used < made ? used : made);
}

const ShadowRegion* shadow_region(uint32_t row, uint64_t& begin) noexcept {
  begin = region_rows[row].begin;
  return region_rows[row].shadow;
}

bool has_references(const ShadowRegion& shadow, uint32_t half, uint32_t page) noexcept {
  return shadow.pages[half][page].load(std::memory_order_acquire) != kUntouched;
}

}  // namespace reftally::runtime
