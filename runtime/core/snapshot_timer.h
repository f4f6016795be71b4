// Snapshots at intervals (REFTALLY_EVERY), for what grows while the program runs.
//
// However long it runs, no more than kMostTimed dumps of them stay: when there are as many, every second one is removed
// and the interval doubled, so that they are evenly spaced from the first to the last.
#pragma once

#include <csignal>
#include <cstdint>

namespace reftally::runtime {

inline constexpr uint32_t kMostTimed = 9;

void start_snapshot_timer() noexcept;  // in each process: a forked child has no timer
// Before the snapshot at exit: one of what is destroyed after it would pass for the last word on the process.
void stop_snapshot_timer() noexcept;
// The timer's signal is the program's as soon as it wants it: from then on there are no snapshots at intervals, and
// none of our signals. False also in a vfork child.
bool is_timer_signal(int number) noexcept;
struct sigaction& programs_timer_action() noexcept;  // what the program has for it meanwhile, as far as it knows
void let_program_take_timer_signal() noexcept;
void asked_by_user() noexcept;  // the next snapshot by a signal stays
// A snapshot was asked for by the timer, and has been taken under this number: 0, it was not.
void timed_snapshot_taken(uint32_t sequence) noexcept;

}  // namespace reftally::runtime
