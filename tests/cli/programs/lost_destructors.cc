// Destructors that never run, for their objects are in a cycle or held by one: a journal that is never flushed, a lock
// that is never given back, a descriptor that is never closed. The argument "mend" breaks the cycle.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace app {

std::mutex g_mutex;

class Connection {
 public:
  Connection() : fd_(open("/dev/null", O_RDONLY)) {}
  ~Connection() { close(fd_); }

 private:
  int fd_;
};

class Journal {
 private:
  std::ofstream file_{"/dev/null"};
};

struct Job;

struct Worker {
  ~Worker() { jobs.clear(); }
  std::vector<std::shared_ptr<Job>> jobs;
  Journal journal;
  std::unique_lock<std::mutex> lock{g_mutex};
};

struct Job : std::enable_shared_from_this<Job> {  // whose destructor does nothing
  std::shared_ptr<Worker> worker;
  std::shared_ptr<Connection> connection = std::make_shared<Connection>();
};

}  // namespace app

int main(int argc, char** argv) {
  auto worker = std::make_shared<app::Worker>();
  for (int i = 0; i < 3; i++) {
    worker->jobs.push_back(std::make_shared<app::Job>());
    worker->jobs.back()->worker = worker;
  }
  if (argc > 1 && std::string_view(argv[1]) == "mend") worker->jobs.clear();
}
