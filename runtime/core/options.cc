#include "runtime/core/options.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace reftally::runtime {
namespace {

uint64_t long_number(const char* name, uint64_t otherwise) noexcept {
  const char* text = getenv(name);
  if (text == nullptr || *text == '\0') return otherwise;
  char* end = nullptr;
  const unsigned long value = strtoul(text, &end, 10);
  return *end == '\0' ? value : otherwise;
}

uint32_t number(const char* name, uint32_t otherwise) noexcept {
  const uint64_t value = long_number(name, otherwise);
  return value <= UINT32_MAX ? static_cast<uint32_t>(value) : otherwise;
}

void copy(char* to, size_t capacity, const char* from) noexcept {
  size_t length = strnlen(from, capacity - 1);
  memcpy(to, from, length);
  to[length] = '\0';
}

void read_output_dir(Options& options) noexcept {
  const char* given = getenv("REFTALLY_OUTPUT_DIR");
  if (given != nullptr && *given == '/') return copy(options.output_dir, kMaxPath, given);
  // The program may change its folder later; the dumps go where it was started.
  if (getcwd(options.output_dir, kMaxPath) == nullptr) copy(options.output_dir, kMaxPath, ".");
  if (given == nullptr || *given == '\0') return;
  size_t length = strlen(options.output_dir);
  if (length + 1 + strlen(given) + 1 > kMaxPath) return;
  options.output_dir[length] = '/';
  copy(options.output_dir + length + 1, kMaxPath - length - 1, given);
}

void read_drop_dir(Options& options) noexcept {
  const char* const given = getenv("REFTALLY_DROP_DIR");
  if (given != nullptr && *given == '/' && strlen(given) < sizeof options.drop_dir)
    copy(options.drop_dir, sizeof options.drop_dir, given);
}

void read_executable_name(char* name, size_t capacity) noexcept {
  char path[kMaxPath];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return copy(name, capacity, "program");
  path[length] = '\0';
  const char* slash = strrchr(path, '/');
  copy(name, capacity, slash != nullptr ? slash + 1 : path);
}

void read_name(Options& options) noexcept {
  if (const char* given = getenv("REFTALLY_NAME"); given != nullptr && *given != '\0' && strchr(given, '/') == nullptr)
    return copy(options.name, sizeof options.name, given);
  read_executable_name(options.name, sizeof options.name);
}

// REFTALLY_ONLY: names of programs with colons between them; what ends in an asterisk is the beginning of one.
bool is_left_out() noexcept {
  const char* names = getenv("REFTALLY_ONLY");
  if (names == nullptr || *names == '\0') return false;
  char own[kMaxPath];
  read_executable_name(own, sizeof own);
  for (; *names != '\0'; names += *names == ':' ? 1 : 0) {
    const size_t length = strcspn(names, ":");
    const bool is_beginning = length != 0 && names[length - 1] == '*';
    if (is_beginning ? strncmp(own, names, length - 1) == 0 : strlen(own) == length && memcmp(own, names, length) == 0)
      return false;
    names += length;
  }
  return true;
}

}  // namespace

void read_options(Options& options) noexcept {
  read_output_dir(options);
  read_drop_dir(options);
  read_name(options);
  options.at_exit = number("REFTALLY_AT_EXIT", 1) != 0;
  options.signal = static_cast<int>(number("REFTALLY_SIGNAL", 0));
  if (options.signal > 64) options.signal = 0;
  options.every_ms = number("REFTALLY_EVERY", 0);
  const char* contents = getenv("REFTALLY_CONTENTS");
  options.full_contents = contents != nullptr && strcmp(contents, "full") == 0;
  options.stack_sampling = number("REFTALLY_STACKS", 1);
  options.stack_depth = number("REFTALLY_STACK_DEPTH", kMaxStackDepth);
  if (options.stack_depth == 0 || options.stack_depth > kMaxStackDepth) options.stack_depth = kMaxStackDepth;
  options.zero_fill = number("REFTALLY_ZERO_FILL", 1) != 0;
  options.verbose = number("REFTALLY_VERBOSE", 0) != 0;
  options.off = number("REFTALLY_OFF", 0) != 0 || is_left_out();
  options.run = long_number("REFTALLY_RUN", 0);
}

bool ends_programs(int signal) noexcept {
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

}  // namespace reftally::runtime
