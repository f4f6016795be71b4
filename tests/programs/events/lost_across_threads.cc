// References are taken in one thread, moved through a queue and given back in another; one is never.
// expect: leaked-reference type=Packet
// taken: enqueue lost_across_threads.cc:24
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <queue>
#include <thread>

struct Packet {
  int number = 0;
};
using Pointer = std::shared_ptr<Packet>;

static std::mutex lock;
static std::condition_variable changed;
static std::queue<Pointer> queue;
alignas(Pointer) static unsigned char slot[sizeof(Pointer)];

__attribute__((noinline)) static void enqueue(const Pointer& packet) {
  Pointer copy;
  if (packet->number == 700)
    copy = packet;  // the one that is lost
  else
    copy = std::make_shared<Packet>(*packet);
  std::lock_guard guard(lock);
  queue.push(std::move(copy));
  changed.notify_one();
}

static void consume() {
  for (int i = 0; i < 1000; i++) {
    std::unique_lock guard(lock);
    changed.wait(guard, [] { return !queue.empty(); });
    Pointer packet = std::move(queue.front());
    queue.pop();
    guard.unlock();
    if (packet->number == 700) new (slot) Pointer(std::move(packet));
  }
}

int main() {
  std::thread consumer(consume);
  for (int i = 0; i < 1000; i++) {
    auto packet = std::make_shared<Packet>();
    packet->number = i;
    enqueue(packet);
  }
  consumer.join();
  for (unsigned char& byte : slot) byte = 0;
}
