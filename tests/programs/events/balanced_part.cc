// A reference is relocated as bytes: one holder took it, another gave it back, and the call that did both is balanced.
// Another copy is lost.
// expect: leaked-reference type=Message
// taken: keep_copy balanced_part.cc:17
#include <cstring>
#include <memory>
#include <new>

struct Message {
  int number = 0;
};
using Pointer = std::shared_ptr<Message>;

static Pointer kept;
alignas(Pointer) static unsigned char slot[sizeof(Pointer)], moved[sizeof(Pointer)];

__attribute__((noinline)) static void keep_copy(const Pointer& message) { new (slot) Pointer(message); }

__attribute__((noinline)) static void relocate(const Pointer& message) {
  auto* copy = new (slot) Pointer(message);
  memcpy(moved, static_cast<void*>(copy), sizeof moved);
  memset(slot, 0, sizeof slot);
  std::launder(reinterpret_cast<Pointer*>(moved))->~Pointer();
  memset(moved, 0, sizeof moved);
}

int main() {
  kept = std::make_shared<Message>();
  relocate(kept);
  auto lost = std::make_shared<Message>();
  keep_copy(lost);
  lost.reset();
  memset(slot, 0, sizeof slot);
}
