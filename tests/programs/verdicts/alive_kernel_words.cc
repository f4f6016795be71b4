// expect: none
// Objects that hold themselves until an event comes, for which the kernel keeps their address: with an epoll
// registration, with a timer.
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <memory>
#include <vector>

struct Connection {
  int descriptor = eventfd(0, 0);
  std::shared_ptr<Connection> until_closed;
  std::vector<char> buffer = std::vector<char>(512);
};
struct Plain {
  int descriptor = eventfd(0, 0);
  char name[100];
};
struct Timeout {
  std::shared_ptr<Timeout> until_fired;
};

const int g_epoll = epoll_create1(0);

[[gnu::noinline]] void watch(int descriptor, void* object) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = object;
  epoll_ctl(g_epoll, EPOLL_CTL_ADD, descriptor, &event);
}

[[gnu::noinline]] void accept() {
  auto connection = std::make_shared<Connection>();
  connection->until_closed = connection;
  watch(connection->descriptor, connection.get());
  Plain* const plain = new Plain;
  watch(plain->descriptor, plain);
}

[[gnu::noinline]] void start_timer(int how) {
  auto timeout = std::make_shared<Timeout>();
  timeout->until_fired = timeout;
  sigevent event{};
  event.sigev_notify = how;
  event.sigev_signo = SIGUSR2;
  event.sigev_notify_function = [](sigval) {};
  event.sigev_value.sival_ptr = timeout.get();
  timer_t timer;
  timer_create(CLOCK_MONOTONIC, &event, &timer);
}

int main() {
  for (int i = 0; i < 5; ++i) {
    accept();
    start_timer(SIGEV_SIGNAL);
  }
}
