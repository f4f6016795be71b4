// A copy in raw storage is destroyed twice: two holders are left, and a count of one.
// expect: over-release type=Message
// taken: drop double_release.cc:16
#include <cstdlib>
#include <memory>
#include <new>

struct Message {
  int number = 0;
};
using Pointer = std::shared_ptr<Message>;

static Pointer first, second;
alignas(Pointer) static unsigned char slot[sizeof(Pointer)];

__attribute__((noinline)) static void drop(unsigned char* place) { reinterpret_cast<Pointer*>(place)->~Pointer(); }

int main() {
  first = std::make_shared<Message>();
  second = first;
  new (slot) Pointer(first);
  drop(slot);
  drop(slot);
  std::quick_exit(0);  // the destructors of first and second would use freed memory
}
