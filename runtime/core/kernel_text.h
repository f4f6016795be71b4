// How /proc tells what the kernel keeps for a program: lines of /proc/PID/fdinfo/N of an epoll descriptor and of
// /proc/PID/timers (proc(5)). Shared by the agent and by whoever copies a living process.
#pragma once

#include <cstdint>
#include <cstring>

#include "runtime/dump/format.h"

namespace reftally {

inline constexpr char kEpollLink[] = "anon_inode:[eventpoll]";  // what such a descriptor links to

// The number behind `name` and spaces, wherever that stands in the line; false when it does not.
inline bool number_behind(const char* line, const char* name, int base, uint64_t& number) noexcept {
  const char* at = strstr(line, name);
  if (at == nullptr) return false;
  at += strlen(name);
  while (*at == ' ' || *at == '\t') at++;
  const char* const first = at;
  number = 0;
  for (;; at++) {
    const int digit = *at >= '0' && *at <= '9' ? *at - '0' : *at >= 'a' && *at <= 'f' ? *at - 'a' + 10 : 99;
    if (digit >= base) return at != first;
    number = number * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
  }
}

inline bool may_be_address(uint64_t word) noexcept { return word >= 4096; }  // else a descriptor's number, mostly

// "tfd:        4 events:       19 data:     560ededa42a0  pos:0 ino:40e sdev:10"
inline bool parse_epoll_line(const char* line, uint32_t descriptor, dump::KernelWord& found) noexcept {
  uint64_t watched = 0, word = 0;
  if (!number_behind(line, "tfd:", 10, watched) || !number_behind(line, "data:", 16, word)) return false;
  found = {word, dump::KernelKeeper::kEpoll, descriptor, static_cast<uint32_t>(watched), 0};
  return may_be_address(word);
}

// "ID: 0", then "signal: 12/0000560ededa42a0"; `timer` goes from line to line.
inline bool parse_timer_line(const char* line, uint32_t& timer, dump::KernelWord& found) noexcept {
  uint64_t number = 0;
  if (strncmp(line, "ID:", 3) == 0 && number_behind(line, "ID:", 10, number)) timer = static_cast<uint32_t>(number);
  if (strncmp(line, "signal:", 7) != 0 || !number_behind(line, "/", 16, number)) return false;
  found = {number, dump::KernelKeeper::kTimer, timer, 0, 0};
  return may_be_address(number);
}

}  // namespace reftally
