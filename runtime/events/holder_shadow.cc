#include "runtime/events/holder_shadow.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#include "runtime/core/recorder.h"
#include "runtime/core/system.h"

namespace reftally::runtime {

ShadowSlot* shadow_directory = nullptr;

namespace {

constexpr uint32_t kMaxPages = 1u << 20;  // of 4 GiB of the program; address space of 10 GiB, touched as far as used
constexpr uint32_t kMaxProbes = 64;

ShadowPage* pages = nullptr;
uint64_t* page_numbers = nullptr;
std::atomic<uint32_t> pages_used{0};
std::atomic<uint32_t> generations{0};
std::atomic<bool> in_use{false};

enum State : uint32_t { kNotYet, kMapping, kReady, kFailed };
std::atomic<uint32_t> state{kNotYet};

bool map_pages() noexcept {
  if (recorder.restricted) return false;  // mmap may be forbidden now
  page_numbers = static_cast<uint64_t*>(map_memory(sizeof(uint64_t) * kMaxPages));
  pages = static_cast<ShadowPage*>(map_memory(sizeof(ShadowPage) * kMaxPages));
  return page_numbers != nullptr && pages != nullptr;
}

// The first event of the process maps; those of other threads wait.
bool ensure_pages() noexcept {
  uint32_t now = kNotYet;
  if (state.compare_exchange_strong(now, kMapping)) {
    now = map_pages() ? kReady : kFailed;
    state.store(now, std::memory_order_release);
    in_use.store(now == kReady, std::memory_order_release);
  }
  while (now == kMapping) {
    sched_yield();
    now = state.load(std::memory_order_acquire);
  }
  return now == kReady;
}

ShadowSlot& slot_of(uint64_t page, uint64_t probe) noexcept { return shadow_directory[(page + probe) % kShadowSlots]; }

// Memory for a few at once: cheaper than a fault for each page, and another for each that is read before it is written.
void populate(uint32_t row) noexcept {
  constexpr uint32_t kAtOnce = 32;
  static_assert(kAtOnce * sizeof(ShadowPage) % 4096 == 0 && kMaxPages % kAtOnce == 0);
  if (row % kAtOnce != 0 || recorder.restricted) return;
  const int saved = errno;
  madvise(&pages[row], sizeof(ShadowPage) * kAtOnce, MADV_POPULATE_WRITE);  // since Linux 5.14
  errno = saved;
}

ShadowPage* fill(ShadowSlot& slot, uint64_t page) noexcept {
  const bool is_full = pages_used.load(std::memory_order_relaxed) >= kMaxPages;
  const uint32_t row = is_full ? kMaxPages : pages_used.fetch_add(1, std::memory_order_relaxed);
  if (row >= kMaxPages) return nullptr;  // and so it stays
  populate(row);
  page_numbers[row] = page;
  slot.shadow.store(&pages[row], std::memory_order_release);
  return &pages[row];
}

// nullptr too while another thread makes it.
ShadowPage* make_shadow_of(uint64_t address) noexcept {
  const uint64_t page = address / kShadowedPage;
  if (page == 0 || !ensure_pages()) return nullptr;
  for (uint32_t probe = 0; probe < kMaxProbes; probe++) {
    ShadowSlot& slot = slot_of(page, probe);
    uint64_t there = slot.page.load(std::memory_order_relaxed);
    if (there == 0 && slot.page.compare_exchange_strong(there, page)) return fill(slot, page);
    if (there == page) return slot.shadow.load(std::memory_order_acquire);
  }
  return nullptr;
}

}  // namespace

ShadowPage* find_shadow_further(uint64_t page) noexcept {
  for (uint32_t probe = 0; probe < kMaxProbes; probe++) {
    const ShadowSlot& slot = slot_of(page, probe);
    const uint64_t there = slot.page.load(std::memory_order_relaxed);
    if (there == page) return slot.shadow.load(std::memory_order_acquire);
    if (there == 0) return nullptr;
  }
  return nullptr;
}

bool create_shadow() noexcept {
  shadow_directory = static_cast<ShadowSlot*>(map_memory(sizeof(ShadowSlot) * kShadowSlots));
  return shadow_directory != nullptr;
}

void unlock_shadow() noexcept {
  uint32_t now = kMapping;  // by a thread that is not there
  state.compare_exchange_strong(now, kNotYet);
}

const std::atomic<bool>& shadow_in_use() noexcept { return in_use; }

HeldReference* make_reference_at(uint64_t holder) noexcept {
  ShadowPage* const shadow = make_shadow_of(holder);
  return shadow != nullptr ? &reference_in(*shadow, holder) : nullptr;
}

uint32_t generation_of(uint64_t object) noexcept {
  ShadowPage* const shadow = (object & kReleases) == 0 ? make_shadow_of(object) : nullptr;
  if (shadow == nullptr) return 0;
  std::atomic<uint32_t>& generation = generation_in(*shadow, object);
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
    if (there != 0 && (there & kReleases) == 0) return false;  // a smart pointer after all
    const uint32_t before = own->generation == generation ? releases_in(there) : 0;
    own->stack = stack;
    own->generation = generation;
    next = kReleases | (before + 1);
  } while (!own->object.compare_exchange_weak(there, next, std::memory_order_release, std::memory_order_relaxed));
  return true;
}

uint32_t shadow_page_count() noexcept {
  const uint32_t used = in_use.load(std::memory_order_acquire) ? pages_used.load(std::memory_order_relaxed) : 0;
  return used < kMaxPages ? used : kMaxPages;
}

const ShadowPage& shadow_page(uint32_t row, uint64_t& begin) noexcept {
  begin = page_numbers[row] * kShadowedPage;
  return pages[row];
}

}  // namespace reftally::runtime
