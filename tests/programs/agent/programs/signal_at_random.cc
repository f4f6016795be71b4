// A signal asks for snapshots at whatever moment it comes, of threads that allocate and move blocks.
// environment: REFTALLY_SIGNAL=12
// dumps: 2..
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>

int main() {
  struct sigaction seen {};
  if (getenv("REFTALLY_OUTPUT_DIR") == nullptr) signal(SIGUSR2, SIG_IGN);
  std::atomic<bool> stop{false};
  auto work = [&stop] {
    std::map<int, std::string> map;
    char* moving = nullptr;
    for (int i = 0; !stop; i++) {
      map[i * 7919 % 997] += "some text that does not fit inside";
      if (i % 100 == 0) map.clear();
      moving = static_cast<char*>(std::realloc(moving, static_cast<size_t>(i % 3000 + 1)));
    }
    std::free(moving);
  };
  std::thread other(work);
  std::thread asker([&stop] {
    for (int i = 0; i < 7; i++) {  // of eight at once, on however slow a machine, and one more at exit
      std::this_thread::sleep_for(std::chrono::microseconds(3700));
      kill(getpid(), SIGUSR2);
    }
    stop = true;
  });
  work();
  asker.join();
  other.join();
  std::puts("done");
  (void)seen;
}
