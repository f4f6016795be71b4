#include "analyzer/base/memory_room.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace reftally {
namespace {

// Control groups as files in a folder of their own.
class Groups {
 public:
  Groups() {
    char name[] = "/tmp/reftally-groups-XXXXXX";
    root_ = mkdtemp(name);
  }
  ~Groups() { std::filesystem::remove_all(root_); }

  void write(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = root_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << '\n';
  }
  uint64_t room(const std::string& groups) const { return room_in_groups(groups, root_.string()); }

 private:
  std::filesystem::path root_;
};

}  // namespace

TEST_CASE("a group leaves what it may have, less what it has and cannot give back") {
  const Groups groups;
  groups.write("jobs/7/memory.max", "1000");
  groups.write("jobs/7/memory.current", "700");
  groups.write("jobs/7/memory.stat", "anon 500\nfile 200\nkernel 0");
  CHECK(groups.room("0::/jobs/7\n") == 500);
}

TEST_CASE("the narrowest of all groups on the way counts") {
  const Groups groups;
  groups.write("jobs/memory.max", "600");
  groups.write("jobs/memory.current", "550");
  groups.write("jobs/7/memory.max", "max");
  groups.write("jobs/7/memory.current", "100");
  CHECK(groups.room("0::/jobs/7\n") == 50);
  groups.write("jobs/memory.current", "650");
  CHECK(groups.room("0::/jobs/7\n") == 0);
}

TEST_CASE("groups of version 1 are read where they are mounted") {
  const Groups groups;
  groups.write("memory/box/memory.limit_in_bytes", "4000");
  groups.write("memory/box/memory.usage_in_bytes", "3000");
  groups.write("memory/box/memory.stat", "cache 100\nrss 2900\ntotal_cache 1000\ntotal_rss 2000");
  groups.write("memory/memory.limit_in_bytes", "9223372036854771712");
  CHECK(groups.room("9:cpu,cpuacct:/box\n4:memory:/box\n0::/\n") == 2000);
  CHECK(groups.room("4:memory:/elsewhere\n") == kNoLimit);
}

TEST_CASE("in a container the mount is the group, whatever its path is called outside") {
  const Groups groups;
  groups.write("memory.max", "800");
  groups.write("memory.current", "300");
  CHECK(groups.room("0::/docker/0123abcd\n") == 500);
}

TEST_CASE("who is in no group has no limit, nor has one whose files say nothing") {
  const Groups groups;
  CHECK(groups.room("") == kNoLimit);
  CHECK(groups.room("0::/\n") == kNoLimit);
  CHECK(groups.room("nonsense\n:\n") == kNoLimit);
  groups.write("memory.max", "max");
  CHECK(groups.room("0::/\n") == kNoLimit);
}

}  // namespace reftally
