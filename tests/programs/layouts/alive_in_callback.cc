// expect: unowned-cycle type=Listed edge=Listed::peer instances=3
// Objects that hold themselves while a library has their address for its callback: as a void*, a uintptr_t, or as that
// of a part of theirs; or a closure, a bound call, or a thread that runs a member of theirs. A plain pointer to the
// class itself looks on.
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

// ---- the library's
struct Link {
  Link *next, *previous;
};
struct Request {
  void (*callback)(void*);
  void* argument;
};
std::vector<Request> g_requests;
Link g_handles{&g_handles, &g_handles};

void insert(Link* link) {
  link->next = g_handles.next;
  link->previous = &g_handles;
  g_handles.next->previous = link;
  g_handles.next = link;
}

// ---- the program's
struct Download {
  std::shared_ptr<Download> until_done;
  void start() {
    g_requests.push_back({[](void* self) { static_cast<Download*>(self)->until_done.reset(); }, this});
  }
};
struct Stream {
  int number = 0;
  Link link{};
  std::shared_ptr<Stream> until_closed;
};
struct Ticket {
  std::uintptr_t handle;
  int number;
};
std::vector<Ticket> g_tickets;
struct Ticketed {
  std::shared_ptr<Ticketed> until_served;
};
struct Captured {
  std::shared_ptr<Captured> until_called;
  void finish() { until_called.reset(); }
  void finish_later();
};
std::vector<std::function<void()>> g_calls;
void Captured::finish_later() {
  g_calls.push_back([this] { finish(); });
}
std::atomic<int> g_running{0};
struct Loop {
  std::shared_ptr<Loop> until_stopped;
  std::atomic<bool> stopped{false};
  [[gnu::noinline]] void run() {
    ++g_running;
    while (!stopped) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
};
[[gnu::noinline]] Loop* make_loop() {
  auto loop = std::make_shared<Loop>();
  loop->until_stopped = loop;
  return loop.get();
}
struct Listed {
  std::shared_ptr<Listed> peer;
};
std::vector<Listed*> g_listed;

[[gnu::noinline]] void run() {
  auto download = std::make_shared<Download>();
  download->until_done = download;
  download->start();
  auto stream = std::make_shared<Stream>();
  stream->until_closed = stream;
  insert(&stream->link);
  auto ticketed = std::make_shared<Ticketed>();
  ticketed->until_served = ticketed;
  g_tickets.push_back({reinterpret_cast<std::uintptr_t>(ticketed.get()), 1});
  auto captured = std::make_shared<Captured>(), bound = std::make_shared<Captured>();
  captured->until_called = captured;
  bound->until_called = bound;
  captured->finish_later();
  g_calls.push_back(std::bind(&Captured::finish, bound.get()));
  auto listed = std::make_shared<Listed>();
  listed->peer = listed;
  g_listed.push_back(listed.get());
}

int main() {
  for (int i = 0; i < 3; ++i) run();
  std::thread(&Loop::run, make_loop()).detach();
  std::thread([loop = make_loop()] { loop->run(); }).detach();
  pthread_t thread;
  const auto run_loop = [](void* loop) -> void* { return static_cast<Loop*>(loop)->run(), nullptr; };
  pthread_create(&thread, nullptr, run_loop, make_loop());
  while (g_running < 3) std::this_thread::yield();
}
