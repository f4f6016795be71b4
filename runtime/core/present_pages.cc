#include "runtime/core/present_pages.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace reftally::runtime {

namespace {

// PAGEMAP_SCAN of Linux 6.7 (include/uapi/linux/fs.h), which the headers of older systems do not have.
struct PageRegion {
  uint64_t begin, end, categories;
};
struct ScanArguments {
  uint64_t size, flags, begin, end, walk_end, regions, region_count, most_pages;
  uint64_t inverted, all_of, any_of, returned;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArguments);
constexpr uint64_t kPageIsPresent = 1 << 3, kPageIsSwapped = 1 << 4;

}  // namespace

PresentPages::PresentPages() noexcept : pagemap_(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}

PresentPages::~PresentPages() {
  if (pagemap_ >= 0) close(pagemap_);
}

bool PresentPages::look(const Mapping& mapping, uint64_t begin, uint64_t end) noexcept {
  // The child's page tables do not have what is shared (fork leaves it to page faults), but the page cache does.
  const bool is_shared = (mapping.flags & dump::kMapShared) != 0;
  if (!is_shared && pagemap_ >= 0 && look_in_pagemap(mapping, begin)) return true;
  return look_in_core(begin, end);
}

// Documentation/admin-guide/mm/pagemap.rst: bit 63 present, bit 62 swapped, bit 61 a page of a file.
bool PresentPages::look_in_pagemap(const Mapping& mapping, uint64_t begin) noexcept {
  uint64_t entries[kPagesAtOnce];
  const ssize_t got = pread(pagemap_, entries, sizeof entries, static_cast<off_t>(begin / kPage * sizeof entries[0]));
  if (got <= 0) return false;
  const bool is_file = mapping.path[0] == '/';
  for (uint64_t i = 0; i < kPagesAtOnce; i++) {
    const uint64_t entry = i < static_cast<uint64_t>(got) / sizeof entries[0] ? entries[i] : 0;
    exists_[i] = entry >> 62 != 0 && !(is_file && (entry >> 61 & 1) != 0);
  }
  return true;
}

// The shadow of AddressSanitizer is 20 TB: to read the pagemap of all that took 19 s.
uint64_t PresentPages::first_existing(const Mapping& mapping, uint64_t begin, uint64_t end) noexcept {
  if (!can_scan_ || pagemap_ < 0 || (mapping.flags & dump::kMapShared) != 0) return begin;
  PageRegion found{};
  ScanArguments scan{};
  scan.size = sizeof scan;
  scan.begin = begin;
  scan.end = page_up(end);
  scan.regions = reinterpret_cast<uint64_t>(&found);
  scan.region_count = 1;
  scan.most_pages = 1;
  scan.any_of = scan.returned = kPageIsPresent | kPageIsSwapped;
  const int regions = ioctl(pagemap_, kPagemapScan, &scan);
  if (regions < 0) can_scan_ = false;
  if (regions < 0) return begin;
  return regions == 0 ? end : found.begin;
}

bool PresentPages::look_in_core(uint64_t begin, uint64_t end) noexcept {
  const uint64_t pages = (page_up(end) - begin) / kPage;
  if (mincore(reinterpret_cast<void*>(begin), (pages < kPagesAtOnce ? pages : kPagesAtOnce) * kPage, exists_) != 0)
    return false;
  for (uint8_t& exists : exists_) exists &= 1;
  return true;
}

}  // namespace reftally::runtime
