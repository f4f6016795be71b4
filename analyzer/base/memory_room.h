// How much memory this process may still have: what the machine has free, and what the control groups it is in (a
// container, a service, a job of a batch system) leave it. Linux promises more, and then kills some process.
#pragma once

#include <cstdint>
#include <string>

namespace reftally {

inline constexpr uint64_t kNoLimit = ~uint64_t{0};

uint64_t memory_room();  // bytes; kNoLimit when nobody says

// Of control groups alone. `groups`: the text of /proc/self/cgroup; `mount`: where the groups are, /sys/fs/cgroup.
uint64_t room_in_groups(const std::string& groups, const std::string& mount);

}  // namespace reftally
