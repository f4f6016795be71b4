#include "runtime/core/system.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

namespace reftally::runtime {
namespace {

constexpr uint32_t kMaxOwnRanges = 1024;
OwnRange own_ranges[kMaxOwnRanges];
std::atomic<uint32_t> own_ranges_used{0};
OwnMemoryEnd another_end = nullptr;
OwnRanges another_ranges = {nullptr, nullptr};

// Ours alone.
uint32_t range_count() noexcept {
  uint32_t used = own_ranges_used.load(std::memory_order_relaxed);
  return used < kMaxOwnRanges ? used : kMaxOwnRanges;
}

}  // namespace

void* map_memory(size_t size) noexcept {
  size = (size + 4095) & ~size_t{4095};
  uint32_t slot = own_ranges_used.fetch_add(1, std::memory_order_relaxed);
  if (slot >= kMaxOwnRanges) return nullptr;
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  // A core file has mappings whole: one of this program had 217 GB, and where cores go through a pipe, as zeros.
  madvise(memory, size, MADV_DONTDUMP);
  auto begin = reinterpret_cast<uint64_t>(memory);
  own_ranges[slot] = {begin, begin + size};
  return memory;
}

void* remap_memory(void* memory, size_t old_size, size_t new_size) noexcept {
  old_size = (old_size + 4095) & ~size_t{4095};
  new_size = (new_size + 4095) & ~size_t{4095};
  void* moved = mremap(memory, old_size, new_size, MREMAP_MAYMOVE);
  if (moved == MAP_FAILED) return nullptr;
  for (uint32_t i = 0; i < range_count(); i++) {
    if (own_ranges[i].begin != reinterpret_cast<uint64_t>(memory)) continue;
    auto begin = reinterpret_cast<uint64_t>(moved);
    own_ranges[i] = {begin, begin + new_size};
  }
  return moved;
}

void unmap_memory(void* memory) noexcept {
  for (uint32_t i = 0; i < range_count(); i++) {
    if (own_ranges[i].begin != reinterpret_cast<uint64_t>(memory)) continue;
    munmap(memory, own_ranges[i].end - own_ranges[i].begin);
    own_ranges[i] = {};
    return;
  }
}

void add_own_range(uint64_t begin, uint64_t end) noexcept {
  uint32_t slot = own_ranges_used.fetch_add(1, std::memory_order_relaxed);
  if (slot < kMaxOwnRanges) own_ranges[slot] = {begin, end};
}

uint32_t own_range_count() noexcept {
  return range_count() + (another_ranges.count != nullptr ? another_ranges.count() : 0);
}

OwnRange own_range(uint32_t i) noexcept {
  const uint32_t count = range_count();
  return i < count ? own_ranges[i] : another_ranges.range(i - count);
}

void join_own_ranges(const OwnRanges& of_another_agent) noexcept { another_ranges = of_another_agent; }

uint64_t own_memory_size() noexcept {
  uint64_t size = 0;
  for (uint32_t i = 0; i < own_range_count(); i++) size += own_range(i).end - own_range(i).begin;
  return size;
}

bool is_own_memory(uint64_t begin, uint64_t end) noexcept {
  for (uint32_t i = 0; i < own_range_count(); i++)
    if (begin < own_range(i).end && own_range(i).begin < end) return true;
  return false;
}

uint64_t own_memory_end(uint64_t address) noexcept {
  for (uint32_t i = 0; i < range_count(); i++)
    if (address >= own_ranges[i].begin && address < own_ranges[i].end) return own_ranges[i].end;
  return another_end != nullptr ? another_end(address) : 0;
}

void join_own_memory(OwnMemoryEnd of_another_agent) noexcept { another_end = of_another_agent; }

Text& Text::add(const char* text) noexcept { return add(text, strlen(text)); }

Text& Text::add(const char* text, size_t length) noexcept {
  size_t room = capacity_ - 1 - size_;
  if (length > room) {
    length = room;
    cut_ = true;
  }
  memcpy(buffer_ + size_, text, length);
  size_ += length;
  buffer_[size_] = '\0';
  return *this;
}

Text& Text::add(uint64_t number) noexcept {
  char digits[20];
  size_t count = 0;
  do {
    digits[sizeof digits - ++count] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  return add(digits + sizeof digits - count, count);
}

static struct stat stderr_at_start;
static bool stderr_is_known = false;

void remember_stderr() noexcept { stderr_is_known = fstat(2, &stderr_at_start) == 0; }

// A program may have closed its stderr, and descriptor 2 may be a file of its data by now.
static bool stderr_is_still_there() noexcept {
  struct stat now{};
  return stderr_is_known && fstat(2, &now) == 0 && now.st_dev == stderr_at_start.st_dev &&
         now.st_ino == stderr_at_start.st_ino;
}

bool fits_file_limit(int file, size_t size) noexcept {
  struct stat status{};
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return true;
  const off_t at = lseek(file, 0, SEEK_CUR), end = at > status.st_size ? at : status.st_size;
  return static_cast<uint64_t>(end) + size <= limit.rlim_cur;
}

void say(const char* text, const char* more, uint64_t number) noexcept {
  int saved = errno;
  if (!stderr_is_still_there()) {
    errno = saved;
    return;
  }
  char line[1024];
  Text out(line, sizeof line);
  out.add("reftally: ").add(text).add(more);
  if (number != 0) out.add(" ").add(number);
  out.add("\n");
  [[maybe_unused]] const bool said = fits_file_limit(2, out.size()) && write(2, out.c_str(), out.size()) > 0;
  errno = saved;
}

uint32_t current_thread() noexcept { return static_cast<uint32_t>(syscall(SYS_gettid)); }
uint32_t current_process() noexcept { return static_cast<uint32_t>(syscall(SYS_getpid)); }

static uint64_t clock_ns(clockid_t clock) noexcept {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}
uint64_t real_time_ns() noexcept { return clock_ns(CLOCK_REALTIME); }
uint64_t monotonic_ns() noexcept { return clock_ns(CLOCK_MONOTONIC); }

int64_t read_file(const char* path, char* buffer, size_t capacity) noexcept {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t size = 0;
  while (size < capacity) {
    ssize_t got = read(fd, buffer + size, capacity - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      close(fd);
      return got < 0 ? -1 : static_cast<int64_t>(size);
    }
    size += static_cast<size_t>(got);
  }
  close(fd);
  return -1;
}

uint64_t parse_hex(const char*& text) noexcept {
  uint64_t value = 0;
  for (;; text++) {
    char c = *text;
    if (c >= '0' && c <= '9')
      value = value << 4 | static_cast<uint64_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      value = value << 4 | static_cast<uint64_t>(c - 'a' + 10);
    else
      return value;
  }
}

uint64_t parse_decimal(const char*& text) noexcept {
  uint64_t value = 0;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + static_cast<uint64_t>(*text - '0');
  return value;
}

}  // namespace reftally::runtime
