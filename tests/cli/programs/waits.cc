// Threads in calls that the kernel ends with EINTR when a thread is stopped. Says "ready", and at the end how many saw
// EINTR, which is its exit status too.
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <thread>

int main() {
  constexpr int kMilliseconds = 3000;
  const timespec time{kMilliseconds / 1000, 0};
  std::atomic<int> interrupted{0};
  auto see = [&](int result) { interrupted += result < 0 && errno == EINTR; };
  std::thread epoll([&] {
    const int queue = epoll_create1(0);
    epoll_event event;
    see(epoll_wait(queue, &event, 1, kMilliseconds));
  });
  std::thread semaphore([&] {
    const int id = semget(IPC_PRIVATE, 1, 0600);
    sembuf down{0, -1, 0};
    see(semtimedop(id, &down, 1, &time));
    semctl(id, 0, IPC_RMID);
  });
  std::thread signals([&] {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    see(sigtimedwait(&wanted, nullptr, &time));
  });
  std::thread sleeper([&] { see(nanosleep(&time, nullptr)); });
  usleep(500'000);
  std::puts("ready");
  std::fflush(stdout);
  for (std::thread* thread : {&epoll, &semaphore, &signals, &sleeper}) thread->join();
  std::printf("%d interrupted\n", interrupted.load());
  return interrupted;
}
