// A daemon's way: all signals are blocked, and one thread waits for them. None of ours may come out of sigwait().
// dumps: 2
#include <reftally.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <thread>

int main() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  int others = 0;
  std::thread waiter([&] {
    for (int number = 0; sigwait(&all, &number) == 0 && number != SIGUSR1;) others++;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  reftally_dump();
  pthread_kill(waiter.native_handle(), SIGUSR1);
  waiter.join();
  std::printf("others %d\n", others);
}
