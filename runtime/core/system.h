// The agent's own small C library: raw memory, one line on stderr, text in fixed buffers. Nothing here allocates
// from the program's heap, and everything may be called from a signal handler or a cloned child.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reftally::runtime {

// Anonymous zeroed memory, registered so that a snapshot takes it for the agent's own.
// nullptr when the system has none.
void* map_memory(size_t size) noexcept;
// Grows (or shrinks) what map_memory gave; new bytes are zero. nullptr: nothing has changed. One thread at a time.
void* remap_memory(void* memory, size_t old_size, size_t new_size) noexcept;
void unmap_memory(void* memory) noexcept;                   // what map_memory gave: the program's may come to lie there
void add_own_range(uint64_t begin, uint64_t end) noexcept;  // memory of the agent that map_memory did not give
bool is_own_memory(uint64_t begin, uint64_t end) noexcept;  // overlaps memory of the agent
// Where the memory at `address` ends that is the agent's, or of an agent it has joined; 0: it is the program's.
uint64_t own_memory_end(uint64_t address) noexcept;
using OwnMemoryEnd = uint64_t (*)(uint64_t address);
void join_own_memory(OwnMemoryEnd of_another_agent) noexcept;

uint64_t own_memory_size() noexcept;  // of the agent, and of one it has joined; what is only reserved counts

struct OwnRange {
  uint64_t begin, end;
};
uint32_t own_range_count() noexcept;
OwnRange own_range(uint32_t i) noexcept;
// Of another agent in the process: from now on its ranges follow after ours.
struct OwnRanges {
  uint32_t (*count)() noexcept;
  OwnRange (*range)(uint32_t i) noexcept;
};
void join_own_ranges(const OwnRanges& of_another_agent) noexcept;

// Text into a fixed buffer; what does not fit is cut.
class Text {
 public:
  Text(char* buffer, size_t capacity) noexcept : buffer_(buffer), capacity_(capacity) { buffer_[0] = '\0'; }
  Text& add(const char* text) noexcept;
  Text& add(const char* text, size_t length) noexcept;
  Text& add(uint64_t number) noexcept;
  const char* c_str() const noexcept { return buffer_; }
  size_t size() const noexcept { return size_; }
  bool cut() const noexcept { return cut_; }

 private:
  char* buffer_;
  size_t capacity_;
  size_t size_ = 0;
  bool cut_ = false;
};

// Whether `size` bytes more may be in the file (ulimit -f): who writes beyond is ended by SIGXFSZ.
bool fits_file_limit(int file, size_t size) noexcept;
void remember_stderr() noexcept;  // once, at start
// "reftally: TEXT" and a newline on stderr, in one write; nothing when stderr is no longer what it was at start.
void say(const char* text, const char* more = "", uint64_t number = 0) noexcept;

uint32_t current_thread() noexcept;   // gettid
uint32_t current_process() noexcept;  // getpid by system call: right also in a vfork child
uint64_t real_time_ns() noexcept;
uint64_t monotonic_ns() noexcept;

// Reads a file of /proc whole into `buffer`; the length, or -1 (also when it does not fit).
int64_t read_file(const char* path, char* buffer, size_t capacity) noexcept;
uint64_t parse_hex(const char*& text) noexcept;
uint64_t parse_decimal(const char*& text) noexcept;

}  // namespace reftally::runtime
