// A thread that is sent queued signals as fast as another can. Says "ready", and when its input ends how many
// never came: it ends with 1 then.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

namespace {

std::atomic<int> got{0};

void count(int, siginfo_t*, void*) { ++got; }

}  // namespace

int main() {
  struct sigaction action{};
  action.sa_sigaction = count;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGRTMIN, &action, nullptr);
  std::atomic<bool> ended{false}, all_sent{false};
  std::thread receiver([&] {
    while (!all_sent) {  // what was queued is delivered before this thread looks
    }
  });
  int sent = 0;
  std::thread sender([&] {
    while (!ended) sent += pthread_sigqueue(receiver.native_handle(), SIGRTMIN, sigval{}) == 0;
  });
  std::puts("ready");
  std::fflush(stdout);
  for (char byte; read(STDIN_FILENO, &byte, 1) > 0;) {
  }
  ended = true;
  sender.join();
  all_sent = true;
  receiver.join();
  const int lost = sent - got;
  std::printf("%d lost\n", lost);
  return lost != 0;
}
