// In a child of ours that runs code of the program's or reads its memory as it finds it: faults, and what takes too
// long.
#pragma once

namespace reftally::runtime {

// From here on `on_signal` gets the signals of faults, and SIGALRM after `seconds`, on a stack of its own, for the
// program's code may have run out of it. `again`: and after as many seconds once more. False: there is no memory.
bool handle_faults(void (*on_signal)(int number), int seconds, bool again) noexcept;
void stop_handling_faults() noexcept;

}  // namespace reftally::runtime
