// A handle in raw storage is destroyed twice: two holders are left, and a count of one.
// expect: over-release type=Message
// taken: drop handle_double_release.cc:19
#include <cstdlib>
#include <new>
#include <thread>

#include "handle.h"

struct Message : Counted<Message> {
  int number = 0;
};
using Pointer = Handle<Message>;

static Pointer first, second, others[4];
alignas(Pointer) static unsigned char slot[sizeof(Pointer)];

// clang-format off
__attribute__((noinline)) static void drop(unsigned char* place) { reinterpret_cast<Pointer*>(place)->~Pointer(); }
// clang-format on

static void work() {
  first = Pointer(new Message);
  second = first;
  new (slot) Pointer(first);
  for (Pointer& other : others) other = new Message;
  drop(slot);
  drop(slot);
}

int main() {
  std::thread(work).join();  // whose stack is gone with it
  std::quick_exit(0);        // the destructors of first and second would use freed memory
}
