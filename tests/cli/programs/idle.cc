// A heap with known survivors, in two threads: what is kept, lost, on a cycle, and freed in each way glibc has. Says
// "ready" and then stands until its input ends.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

struct Session {
  std::function<void()> closed;
  std::shared_ptr<Session> peer;
};

struct Watched {
  std::shared_ptr<Watched> until_closed;
};

struct Kept {
  std::vector<void*> small, large;
};

Kept g_main, g_other;
std::vector<std::shared_ptr<Session>> g_sessions;

// Of each size every third stays: the others go to the thread's cache, to fastbins, to bins, back to the kernel.
static void churn(Kept& kept) {
  constexpr size_t kSmall = 100, kLarge = 200'000;
  std::vector<void*> blocks;
  for (int i = 0; i < 3000; ++i) blocks.push_back(std::malloc(kSmall));
  for (int i = 0; i < 30; ++i) blocks.push_back(std::malloc(kLarge));
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i % 3 != 0)
      std::free(blocks[i]);
    else
      (i < 3000 ? kept.small : kept.large).push_back(blocks[i]);
  }
}

[[gnu::noinline]] static void forget_cycles() {
  for (int i = 0; i < 4; ++i) {
    auto session = std::make_shared<Session>();
    session->closed = [self = session] { self->peer.reset(); };
    g_sessions.push_back(std::make_shared<Session>());
  }
}

// Nothing but the kernel has its address.
[[gnu::noinline]] static void watch() {
  auto watched = std::make_shared<Watched>();
  watched->until_closed = watched;
  epoll_event event{};
  event.data.ptr = watched.get();
  epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, eventfd(0, 0), &event);
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[16384] = {};
  space[0] = 1;
}

// Without stdio, whose buffers would lie on old words of the heap.
static void say(std::string_view text) {
  if (write(1, text.data(), text.size()) < 0) std::abort();
}

int main() {
  std::mutex gate;
  gate.lock();
  std::thread other([&] {
    churn(g_other);
    gate.lock();
    gate.unlock();
  });
  std::thread([] { clear_stack(); }).join();
  churn(g_main);
  forget_cycles();
  watch();
  clear_stack();
  while (g_other.large.size() < 10) std::this_thread::yield();
  say("ready\n");
  char end;
  while (read(0, &end, 1) > 0) {
  }
  gate.unlock();
  other.join();
  say("done\n");
}
