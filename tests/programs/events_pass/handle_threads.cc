// Taken in one thread, moved to another by a queue, and given up there.
// expect: leaked-reference type=Packet
// taken: enqueue handle_threads.cc:29
#include <mutex>
#include <thread>
#include <vector>

#include "handle.h"

struct Packet {
  int number = 0;
  int references = 0;
};
static std::mutex lock;
inline void intrusive_ptr_add_ref(Packet* packet) { __atomic_fetch_add(&packet->references, 1, __ATOMIC_RELAXED); }
inline void intrusive_ptr_release(Packet* packet) {
  if (__atomic_sub_fetch(&packet->references, 1, __ATOMIC_ACQ_REL) == 0) delete packet;
}
using Pointer = Handle<Packet>;

static std::vector<Pointer> queue, kept;  // kept: others, by which their class is known to count

__attribute__((noinline)) static void look(Pointer packet) { packet->number++; }

__attribute__((noinline)) static void enqueue(const Pointer& packet) {
  look(packet);
  const std::lock_guard<std::mutex> guard(lock);
  // clang-format off
  Pointer mine = packet;
  // clang-format on
  queue.push_back(std::move(mine));
}

static void serve() {
  const std::lock_guard<std::mutex> guard(lock);
  Pointer taken = std::move(queue.back());
  queue.pop_back();
  look(taken);
  taken.detach();
}

int main() {
  for (int i = 0; i < 4; i++) kept.push_back(new Packet);
  Pointer packet(new Packet);
  std::thread(enqueue, std::cref(packet)).join();
  std::thread(serve).join();
  look(packet);
}
