// Notes the programs that this one starts with an environment that does not have the agent: `env -i`, `sudo`, a test
// runner that makes an environment of its own. They run as they were told to; `reftally run` says that nobody looked.
// Called after fork and vfork too, so nothing here allocates or takes a lock.
#include <alloca.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

#include "runtime/core/recorder.h"
#include "runtime/core/system.h"
#include "runtime/dump/unseen_programs.h"
#include "runtime/preload/real_functions.h"

namespace reftally::runtime {
namespace {

constexpr off_t kEnough = 1 << 16;  // bytes of notes in a run

bool has_agent(char* const* environment) noexcept {
  constexpr char kPreload[] = "LD_PRELOAD=";
  for (; environment != nullptr && *environment != nullptr; environment++)
    if (strncmp(*environment, kPreload, sizeof kPreload - 1) == 0)
      return strstr(*environment, "libreftally-agent.so") != nullptr;
  return false;
}

int open_notes() noexcept {
  char path[kMaxPath + 64];
  Text file(path, sizeof path);
  file.add(recorder.options.output_dir).add("/").add(dump::kUnseenPrefix).add(recorder.options.run);
  return file.cut() ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

iovec words(const char* text) noexcept { return {const_cast<char*>(text), strlen(text)}; }

void write_note(const char* program) noexcept {
  const int notes = open_notes();
  if (notes < 0) return;
  const iovec line[] = {words(recorder.options.name), words("\t"), words(program), words("\n")};
  size_t size = 0;
  for (const iovec& part : line) size += part.iov_len;
  struct stat status;
  [[maybe_unused]] const bool written = fstat(notes, &status) == 0 && status.st_size < kEnough &&
                                        fits_file_limit(notes, size) && writev(notes, line, 4) > 0;
  close(notes);
}

bool is_program(const char* path) noexcept {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

// As execvp(3) looks for it.
bool is_found(const char* program) noexcept {
  if (strchr(program, '/') != nullptr) return is_program(program);
  const char* const folders = getenv("PATH");
  for (const char* folder = folders != nullptr ? folders : "/bin:/usr/bin"; folder != nullptr;) {
    const char* const end = strchrnul(folder, ':');
    char buffer[kMaxPath];
    Text path(buffer, sizeof buffer);
    path.add(folder, static_cast<size_t>(end - folder)).add("/").add(program);
    if (!path.cut() && is_program(path.c_str())) return true;
    folder = *end == ':' ? end + 1 : nullptr;
  }
  return false;
}

void note_if_unseen(const char* program, char* const* environment) noexcept {
  if (recorder.options.run == 0 || recorder.restricted || program == nullptr || has_agent(environment)) return;
  const int saved = errno;
  if (is_found(program)) write_note(program);
  errno = saved;
}

// What execveat(2) starts; an empty path stands for the file itself.
void note_at_if_unseen(int folder, const char* path, char* const* environment) noexcept {
  if (path == nullptr || *path == '/' || (folder == AT_FDCWD && *path != '\0'))
    return note_if_unseen(path, environment);
  const int saved = errno;
  char link[64], buffer[kMaxPath + 1];
  Text(link, sizeof link).add("/proc/self/fd/").add(static_cast<uint64_t>(folder));
  const ssize_t length = readlink(link, buffer, kMaxPath);
  errno = saved;
  if (length <= 0) return;
  buffer[length] = '\0';
  char whole[2 * kMaxPath];
  Text name(whole, sizeof whole);
  name.add(buffer).add(*path != '\0' ? "/" : "").add(path);
  note_if_unseen(name.c_str(), environment);
}

// The words of execl(3) and its kin, counted with the nullptr behind them; `rest` is then behind that.
size_t count_words(const char* word, va_list& rest) noexcept {
  size_t count = 1;
  for (; word != nullptr; word = va_arg(rest, const char*)) count++;
  return count;
}

void copy_words(const char* word, va_list& rest, char** words) noexcept {
  for (; word != nullptr; word = va_arg(rest, const char*)) *words++ = const_cast<char*>(word);
  *words = nullptr;
}

}  // namespace
}  // namespace reftally::runtime

using namespace reftally::runtime;

#define HOOK extern "C" [[gnu::visibility("default")]]
using Words = char* const*;

HOOK int execve(const char* path, Words arguments, Words environment) {
  note_if_unseen(path, environment);
  return real().execve(path, arguments, environment);
}

HOOK int execv(const char* path, Words arguments) {
  note_if_unseen(path, environ);
  return real().execv(path, arguments);
}

HOOK int execvp(const char* file, Words arguments) {
  note_if_unseen(file, environ);
  return real().execvp(file, arguments);
}

HOOK int execvpe(const char* file, Words arguments, Words environment) {
  note_if_unseen(file, environment);
  return real().execvpe(file, arguments, environment);
}

HOOK int execveat(int folder, const char* path, Words arguments, Words environment, int flags) noexcept {
  note_at_if_unseen(folder, path, environment);
  return real().execveat(folder, path, arguments, environment, flags);
}

HOOK int fexecve(int file, Words arguments, Words environment) noexcept {
  note_at_if_unseen(file, "", environment);
  return real().fexecve(file, arguments, environment);
}

// The list of execl(3) and its kin as an array on the stack, for nothing may allocate here; `rest` stays behind it.
#define WORDS_ON_STACK(words, first, rest)                                                    \
  va_list rest;                                                                               \
  va_start(rest, first);                                                                      \
  char** const words = static_cast<char**>(alloca(count_words(first, rest) * sizeof(char*))); \
  va_end(rest);                                                                               \
  va_start(rest, first);                                                                      \
  copy_words(first, rest, words)

HOOK int execl(const char* path, const char* first, ...) noexcept {
  WORDS_ON_STACK(words, first, rest);
  va_end(rest);
  return execv(path, words);
}

HOOK int execlp(const char* file, const char* first, ...) noexcept {
  WORDS_ON_STACK(words, first, rest);
  va_end(rest);
  return execvp(file, words);
}

HOOK int execle(const char* path, const char* first, ...) noexcept {
  WORDS_ON_STACK(words, first, rest);
  const Words environment = va_arg(rest, Words);
  va_end(rest);
  return execve(path, words, environment);
}

HOOK int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                     const posix_spawnattr_t* attributes, Words arguments, Words environment) {
  note_if_unseen(path, environment);
  return real().posix_spawn(pid, path, actions, attributes, arguments, environment);
}

HOOK int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                      const posix_spawnattr_t* attributes, Words arguments, Words environment) {
  note_if_unseen(file, environment);
  return real().posix_spawnp(pid, file, actions, attributes, arguments, environment);
}
