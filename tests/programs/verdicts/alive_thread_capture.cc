// A cycle held by what a running thread's closure captured.
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
  std::thread([cycle = make_cycle()] { wait_for_stop(); }).detach();
  wait_until_ready();
}
