// Which pages of this process have ever been touched: pages never touched need not be read, and must not be made.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "runtime/python/interpreter.h"

namespace reftally::python {

inline constexpr uint64_t kPage = 4096;

// Bit 63 or 62 of /proc/self/pagemap: present, swapped.
class TouchedPages {
 public:
  TouchedPages() noexcept : fd_(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)) {}
  ~TouchedPages() {
    if (fd_ >= 0) close(fd_);
  }
  TouchedPages(const TouchedPages&) = delete;
  TouchedPages& operator=(const TouchedPages&) = delete;

  bool touched(Address page) noexcept {
    const uint64_t number = page / kPage;
    if (number < first_ || number >= first_ + count_) {
      const ssize_t got = fd_ < 0 ? -1 : pread(fd_, entries_, sizeof entries_, static_cast<off_t>(number * 8));
      first_ = number;
      count_ = got > 0 ? static_cast<uint64_t>(got) / 8 : 0;
      if (count_ == 0) return true;
    }
    return entries_[number - first_] >> 62 != 0;
  }

 private:
  int fd_;
  uint64_t first_ = 0, count_ = 0;
  uint64_t entries_[512];
};

}  // namespace reftally::python
