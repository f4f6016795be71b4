#include "runtime/core/kernel_words.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/core/kernel_text.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kMostWords = 1u << 18;

dump::KernelWord* words = nullptr;
uint32_t count = 0;
bool some_left_out = false;

void keep(const dump::KernelWord& word) noexcept {
  if (count == kMostWords)
    some_left_out = true;
  else
    words[count++] = word;
}

class OpenFile {
 public:
  OpenFile(const char* path, int flags) noexcept : fd_(open(path, flags | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

// A file of /proc of any length; a line that is longer than the buffer is left out.
template <class Visit>
void for_each_line(const char* path, Visit visit) noexcept {
  char buffer[8192];
  size_t held = 0;
  const OpenFile file(path, O_RDONLY);
  if (file.fd() < 0) return;
  for (;;) {
    const ssize_t got = read(file.fd(), buffer + held, sizeof buffer - held);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    held += static_cast<size_t>(got);
    char* line = buffer;
    while (char* const end = static_cast<char*>(memchr(line, '\n', held - static_cast<size_t>(line - buffer)))) {
      *end = '\0';
      visit(line);
      line = end + 1;
    }
    held -= static_cast<size_t>(line - buffer);
    if (held == sizeof buffer) held = 0;
    memmove(buffer, line, held);
  }
}

bool is_epoll(int folder, const char* name) noexcept {
  char target[sizeof kEpollLink];
  const ssize_t length = readlinkat(folder, name, target, sizeof target);
  return length == sizeof kEpollLink - 1 && memcmp(target, kEpollLink, sizeof kEpollLink - 1) == 0;
}

void read_epoll(uint32_t descriptor) noexcept {
  char path[64];
  Text(path, sizeof path).add("/proc/self/fdinfo/").add(descriptor);
  for_each_line(path, [&](const char* line) {
    dump::KernelWord word;
    if (parse_epoll_line(line, descriptor, word)) keep(word);
  });
}

void read_descriptors() noexcept {
  const OpenFile folder("/proc/self/fd", O_RDONLY | O_DIRECTORY);
  alignas(dirent64) char entries[4096];
  for (long size; (size = syscall(SYS_getdents64, folder.fd(), entries, sizeof entries)) > 0;) {
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      const char* number = entry->d_name;
      if (is_epoll(folder.fd(), number)) read_epoll(static_cast<uint32_t>(parse_decimal(number)));
    }
  }
}

}  // namespace

bool prepare_kernel_words() noexcept {
  words = static_cast<dump::KernelWord*>(map_memory(kMostWords * sizeof *words));
  return words != nullptr;
}

void read_kernel_words(uint32_t process) noexcept {
  count = 0;
  some_left_out = false;
  read_descriptors();
  char path[64];
  uint32_t timer = 0;
  // A child has no timers; its parent's are under the parent's pid.
  Text(path, sizeof path).add("/proc/").add(process).add("/timers");
  for_each_line(path, [&](const char* line) {
    dump::KernelWord word;
    if (parse_timer_line(line, timer, word)) keep(word);
  });
}

void write_kernel_words(dump::Writer& writer, const ProgramState* const* threads, uint32_t thread_count,
                        Troubles& troubles) noexcept {
  if (some_left_out) troubles.add("epoll keeps more than 262144 words: what only the rest holds looks leaked");
  writer.begin(dump::kTagKernelWords, sizeof(dump::KernelWord));
  for (uint32_t i = 0; i < count; i++) writer.add(words[i]);
  for (uint32_t i = 0; i < thread_count; i++)
    if (const ProgramState& thread = *threads[i]; thread.signal_stack != 0)
      writer.add(dump::KernelWord{thread.signal_stack, dump::KernelKeeper::kSignalStack, thread.tid, 0, 0});
  writer.end();
}

}  // namespace reftally::runtime
