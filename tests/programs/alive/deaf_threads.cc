// expect: none
// Threads that block all signals, as GLib's worker does, or wait for all, as daemons do: what they have in their
// registers is alive.
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

struct Job {
  int number = 0;
};
std::atomic<int> g_asleep;

[[gnu::noinline]] void sleep_without_signals(Job& job) {
  g_asleep++;
  poll(nullptr, 0, -1);
  job.number++;
}

int main() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  std::thread([] {
    auto job = std::make_shared<Job>();
    sleep_without_signals(*job);
  }).detach();
  std::thread([&all] {
    auto job = std::make_shared<Job>();
    g_asleep++;
    while (sigwait(&all, &job->number) == 0) job->number++;
  }).detach();
  while (g_asleep != 2) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}
