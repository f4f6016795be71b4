// A thread that blocks all signals cannot be stopped by one; nothing may stay pending for it.
// dumps: 2
#include <reftally.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

int main() {
  std::atomic<bool> stop{false};
  std::atomic<int> ready{0};
  sigset_t pending;
  std::thread deaf([&] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    auto object = std::make_shared<int>(1);
    ready++;
    while (!stop) object = std::make_shared<int>(*object + 1);
    sigpending(&pending);
  });
  while (ready == 0) std::this_thread::yield();
  reftally_dump();
  stop = true;
  deaf.join();
  int count = 0;
  for (int number = 1; number <= SIGRTMAX; number++) count += sigismember(&pending, number) == 1;
  std::printf("pending %d\n", count);
}
