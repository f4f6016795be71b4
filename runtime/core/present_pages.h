// Which pages of a range exist: reading an untouched page of a 32 GB reservation would cost a page fault each.
#pragma once

#include <cstdint>

#include "runtime/core/memory_map.h"

namespace reftally::runtime {

inline constexpr uint64_t kPage = 4096;
inline uint64_t page_down(uint64_t address) noexcept { return address & ~(kPage - 1); }
inline uint64_t page_up(uint64_t address) noexcept { return (address + kPage - 1) & ~(kPage - 1); }

class PresentPages {
 public:
  PresentPages() noexcept;
  ~PresentPages();
  PresentPages(const PresentPages&) = delete;
  PresentPages& operator=(const PresentPages&) = delete;

  // Calls visit(begin, end) for every run of existing pages in [begin, end), which lies in `mapping`. Of a private
  // mapping of a file only the pages that were written to count.
  template <class Visit>
  void for_each_run(const Mapping& mapping, uint64_t begin, uint64_t end, Visit visit) noexcept {
    uint64_t run = 0;       // begin of the run, 0 none
    bool is_empty = false;  // the block before
    for (uint64_t block = page_down(begin); block < end; block += kPagesAtOnce * kPage) {
      if (is_empty) block = first_existing(mapping, block, end);
      if (block >= end) return;
      is_empty = true;
      if (!look(mapping, block, end)) {  // not known: all of it
        visit(run != 0 ? run : (block > begin ? block : begin), end);
        return;
      }
      for (uint64_t i = 0; i < kPagesAtOnce && block + i * kPage < end; i++) {
        const uint64_t at = block + i * kPage;
        if (exists_[i] && run == 0) run = at > begin ? at : begin;
        if (exists_[i]) is_empty = false;
        if (exists_[i] || run == 0) continue;
        visit(run, at);
        run = 0;
      }
    }
    if (run != 0) visit(run, end);
  }

 private:
  static constexpr uint64_t kPagesAtOnce = 512;

  bool look(const Mapping& mapping, uint64_t begin, uint64_t end) noexcept;
  bool look_in_pagemap(const Mapping& mapping, uint64_t begin) noexcept;
  bool look_in_core(uint64_t begin, uint64_t end) noexcept;
  // A page not after the first one that exists from begin on; end when there is none.
  uint64_t first_existing(const Mapping& mapping, uint64_t begin, uint64_t end) noexcept;

  int pagemap_;
  bool can_scan_ = true;
  uint8_t exists_[kPagesAtOnce];
};

}  // namespace reftally::runtime
