// Threads in calls that the kernel ends with EINTR when a thread is stopped. Says "ready", and at the end how many saw
// EINTR, which is its exit status too.
#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <thread>

// As liburing has it.
static long enter_ring(int ring, io_uring_getevents_arg* argument) {
  register long flags asm("r10") = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  register void* more asm("r8") = argument;
  register long size asm("r9") = sizeof *argument;
  long result;
  asm volatile("mov %1, %%eax\n\tsyscall"
               : "=&a"(result)
               : "i"(SYS_io_uring_enter), "D"(ring), "S"(0), "d"(1), "r"(flags), "r"(more), "r"(size)
               : "rcx", "r11", "memory");
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

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
  std::thread ring([&] {
    io_uring_params parameters{};
    __kernel_timespec wait{kMilliseconds / 1000, 0};
    io_uring_getevents_arg argument{0, 0, 0, reinterpret_cast<uint64_t>(&wait)};
    see(static_cast<int>(enter_ring(static_cast<int>(syscall(SYS_io_uring_setup, 4, &parameters)), &argument)));
  });
  std::thread by_number(
      [&] { see(static_cast<int>(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, nullptr))); });
  usleep(500'000);
  std::puts("ready");
  std::fflush(stdout);
  for (std::thread* thread : {&epoll, &semaphore, &signals, &sleeper, &ring, &by_number}) thread->join();
  std::printf("%d interrupted\n", interrupted.load());
  return interrupted;
}
