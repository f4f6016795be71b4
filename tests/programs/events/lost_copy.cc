// A copy made by hand in raw storage is never destroyed. The storage is reused: nothing refers to the object any more.
// expect: leaked-reference type=Message
// taken: keep_copy lost_copy.cc:14
#include <memory>
#include <new>

struct Message {
  int number = 0;
};

alignas(std::shared_ptr<Message>) static unsigned char slot[sizeof(std::shared_ptr<Message>)];

__attribute__((noinline)) static void keep_copy(const std::shared_ptr<Message>& message) {
  new (slot) std::shared_ptr<Message>(message);
}

int main() {
  auto message = std::make_shared<Message>();
  std::shared_ptr<Message> second = message;
  keep_copy(second);
  message.reset();
  second.reset();
  for (unsigned char& byte : slot) byte = 0;
}
