// The lost reference has been moved, swapped and stored in containers before it was given up.
// expect: leaked-reference type=Message
// taken: subscribe handle_moved.cc:19
#include <deque>
#include <map>
#include <vector>

#include "handle.h"

struct Message : Counted<Message> {
  int number = 0;
};
using Pointer = Handle<Message>;

static std::vector<Pointer> kept;  // others, by which their class is known to count

__attribute__((noinline)) static Pointer subscribe(const Pointer& message) {
  // clang-format off
  Pointer mine(message);
  // clang-format on
  Pointer other;
  other.swap(mine);
  return other;
}

int main() {
  Pointer message(new Message);
  std::vector<Pointer> copies;
  for (int i = 0; i < 20; i++) copies.push_back(message);
  std::map<int, std::deque<Pointer>> queues;
  queues[3].push_back(subscribe(message));
  queues[3].push_front(copies[4]);
  std::swap(queues[3].front(), queues[3].back());
  Pointer last;
  last = std::move(queues[3].front());
  last.detach();
  queues.clear();
  copies.clear();
  for (int i = 0; i < 4; i++) kept.push_back(new Message);
}
