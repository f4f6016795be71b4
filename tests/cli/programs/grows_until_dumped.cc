// A service whose registry takes in a session each millisecond until so many snapshots of it were written, and which
// lets go of all of them before it ends. usage: grows_until_dumped NUMBER_OF_LAST_SNAPSHOT FOLDER Ends with status 1
// when a wait was interrupted, 2 when the snapshots do not come.
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

struct Session {
  std::string name = std::string(40, 'n');
};

struct Registry {
  std::vector<std::shared_ptr<Session>> sessions;
};

std::shared_ptr<Registry> registry = std::make_shared<Registry>();

static bool is_there(const std::string& folder, const char* number) {
  const std::string path = folder + "/grows_until_dumped." + std::to_string(getpid()) + "." + number + ".tally";
  return access(path.c_str(), F_OK) == 0;
}

int main(int, char** argv) {
  const auto begin = std::chrono::steady_clock::now();
  while (!is_there(argv[2], argv[1])) {
    const auto passed = std::chrono::steady_clock::now() - begin;
    if (passed > std::chrono::seconds(60)) return 2;
    while (registry->sessions.size() < static_cast<size_t>(passed / std::chrono::milliseconds(1)))
      registry->sessions.push_back(std::make_shared<Session>());
    if (poll(nullptr, 0, 20) < 0) return 1;
  }
  registry->sessions.clear();
}
