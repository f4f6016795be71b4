// A cycle held by a variable of a running thread.
// expect: none
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>

struct Node {
  std::shared_ptr<Node> next_;
};
std::atomic<bool> g_ready, g_stop;

void wait_until_ready() {
  while (!g_ready) std::this_thread::yield();
}
void wait_for_stop() {
  g_ready = true;
  while (!g_stop) pause();
}

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() {
  std::thread([] {
    const auto cycle = make_cycle();
    wait_for_stop();  // never returns, but the compiler cannot know: `cycle` must stay
  }).detach();
  wait_until_ready();
}
