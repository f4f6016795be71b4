// Threads that wait in calls which SA_RESTART does not cover must not see EINTR from a snapshot.
// dumps: 4
#include <poll.h>
#include <reftally.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <thread>
#include <vector>

static std::atomic<int> interrupted{0}, waiting{0};

template <class Call>
std::thread waits(const char* name, Call call) {
  return std::thread([=] {
    waiting++;
    if (call() == -1 && errno == EINTR) {
      std::printf("%s was interrupted\n", name);
      interrupted++;
    }
  });
}

static timespec after(long milliseconds) { return {milliseconds / 1000, milliseconds % 1000 * 1000000}; }

int main() {
  constexpr int kLong = 400;
  int pipe_ends[2], epoll = epoll_create1(0);
  sem_t semaphore;
  if (pipe(pipe_ends) != 0 || sem_init(&semaphore, 0, 0) != 0) return 1;
  std::vector<std::thread> threads;
  threads.push_back(waits("poll", [] { return poll(nullptr, 0, kLong); }));
  threads.push_back(waits("select", [] {
    timeval timeout{0, kLong * 1000};
    return select(0, nullptr, nullptr, nullptr, &timeout);
  }));
  threads.push_back(waits("nanosleep", [] {
    timespec time = after(kLong);
    return nanosleep(&time, nullptr);
  }));
  threads.push_back(waits("nanosleep with rest", [] {
    timespec time = after(kLong), rest{};
    return nanosleep(&time, &rest);
  }));
  threads.push_back(waits("usleep", [] { return usleep(kLong * 1000); }));
  threads.push_back(waits("epoll_wait", [epoll] {
    epoll_event event;
    return epoll_wait(epoll, &event, 1, kLong);
  }));
  threads.push_back(waits("sem_timedwait", [&semaphore] {
    timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    return sem_timedwait(&semaphore, &until);
  }));
  threads.push_back(waits("sigtimedwait", [] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    timespec time = after(kLong);
    return sigtimedwait(&set, nullptr, &time);
  }));
  threads.push_back(waits("read", [&pipe_ends] {
    char byte;
    return static_cast<int>(read(pipe_ends[0], &byte, 1));
  }));
  while (waiting < 9) usleep(1000);
  for (int i = 0; i < 3; i++) {
    timespec time = after(60);
    nanosleep(&time, nullptr);
    reftally_dump();
  }
  if (write(pipe_ends[1], "x", 1) != 1) return 1;
  for (auto& thread : threads) thread.join();
  std::printf("interrupted %d\n", interrupted.load());
}
