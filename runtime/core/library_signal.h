// The signal with which glibc tells all threads of a setuid(): sigfillset() leaves it out, so threads that block "all"
// signals (GLib's worker does, and whoever waits in sigwait() for all) take it, and can be stopped by it.
//
// The kernel's handler for it is ours for as long as we stop threads; what is not from us goes on to glibc's. One of
// ours that comes late finds glibc's handler again, which passes over all but what setuid() sends.
#pragma once

#include <csignal>

namespace reftally::runtime {

inline constexpr int kLibrarySignal = 33;  // SIGSETXID of nptl/pthreadP.h

using SignalHandler = void (*)(int, siginfo_t*, void*);

bool borrow_library_signal(SignalHandler handler) noexcept;  // false: glibc has not set it up, so there are no threads
void return_library_signal() noexcept;                       // nothing, unless it is borrowed

}  // namespace reftally::runtime
