#include "analyzer/base/memory_room.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>

namespace reftally {
namespace {

// Files of a group, by version of the interface; the rows of memory.stat that can be taken back at any time.
struct GroupFiles {
  const char *most, *used, *cache;
};
constexpr GroupFiles kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache"};
constexpr GroupFiles kVersion2{"memory.max", "memory.current", "file"};

uint64_t machine_room() {
  std::ifstream facts("/proc/meminfo");
  uint64_t kilobytes = 0, sum = 0;
  for (std::string name, unit; facts >> name >> kilobytes && std::getline(facts, unit);) {
    if (name == "MemAvailable:" || name == "SwapFree:") sum += 1024 * kilobytes;
  }
  return sum != 0 ? sum : kNoLimit;
}

uint64_t number_in(const std::filesystem::path& file, uint64_t otherwise) {
  std::ifstream text(file);
  uint64_t number = 0;
  return text >> number ? number : otherwise;  // "max" is none
}

uint64_t row_in(const std::filesystem::path& file, std::string_view name) {
  std::ifstream text(file);
  uint64_t number = 0;
  for (std::string row; text >> row >> number;)
    if (row == name) return number;
  return 0;
}

uint64_t room_in_group(const std::filesystem::path& group, const GroupFiles& files) {
  constexpr uint64_t kUnlimited = uint64_t{1} << 60;  // version 1 writes the largest number of pages
  const uint64_t most = number_in(group / files.most, kNoLimit);
  if (most >= kUnlimited) return kNoLimit;
  const uint64_t used = number_in(group / files.used, 0), cache = row_in(group / "memory.stat", files.cache);
  const uint64_t kept = used - std::min(used, cache);
  return most - std::min(most, kept);
}

// The group and all it is in. Inside a container the path is the host's: then the mount itself is the group.
uint64_t room_on_the_way(const std::filesystem::path& mount, const std::string& path, const GroupFiles& files) {
  uint64_t room = room_in_group(mount, files);
  std::filesystem::path group = mount;
  for (const std::filesystem::path& part : std::filesystem::path(path).relative_path())
    room = std::min(room, room_in_group(group /= part, files));
  return room;
}

}  // namespace

uint64_t room_in_groups(const std::string& groups, const std::string& mount) {
  uint64_t room = kNoLimit;
  std::istringstream lines(groups);
  for (std::string line; std::getline(lines, line);) {  // "4:memory:/jobs/7", and "0::/jobs/7" of version 2
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), path = line.substr(second + 1);
    if (controllers.empty())
      room = std::min(room, room_on_the_way(mount, path, kVersion2));
    else if (("," + controllers + ",").find(",memory,") != std::string::npos)
      room = std::min(room, room_on_the_way(mount + "/memory", path, kVersion1));
  }
  return room;
}

uint64_t memory_room() {
  std::ifstream file("/proc/self/cgroup");
  std::stringstream groups;
  groups << file.rdbuf();
  return std::min(machine_room(), room_in_groups(groups.str(), "/sys/fs/cgroup"));
}

}  // namespace reftally
