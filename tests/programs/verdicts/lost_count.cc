// A shared_ptr built by hand in storage that was freed without destroying it.
// expect: leaked-reference type=Message
#include <cstdlib>
#include <memory>
#include <new>

struct Message {
  int words_[8] = {};
};

int main() {
  void* slot = std::malloc(sizeof(std::shared_ptr<Message>));
  new (slot) std::shared_ptr<Message>(std::make_shared<Message>());
  asm volatile("" : : "r"(slot) : "memory");  // the compiler must not see that nobody looks
  std::free(slot);
}
