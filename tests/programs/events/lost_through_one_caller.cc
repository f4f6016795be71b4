// Two functions alike call a third that copies: at the same depth, from frames of the same size. The first does it
// often and gives back, so that its call stack is one the agent has met before; the second does it once and does not.
// expect: leaked-reference type=Message
// taken: keep_copy lost_through_one_caller.cc:16
// through: loses lost_through_one_caller.cc:28
#include <memory>
#include <new>

struct Message {
  int number = 0;
};

alignas(std::shared_ptr<Message>) static unsigned char slot[sizeof(std::shared_ptr<Message>)];

__attribute__((noinline)) static void keep_copy(const std::shared_ptr<Message>& message) {
  new (slot) std::shared_ptr<Message>(message);
}

static volatile int calls = 0;

__attribute__((noinline)) static void gives_back(const std::shared_ptr<Message>& message) {
  keep_copy(message);
  reinterpret_cast<std::shared_ptr<Message>*>(slot)->reset();
  calls = calls + 1;
}

__attribute__((noinline)) static void loses(const std::shared_ptr<Message>& message) {
  keep_copy(message);
  calls = calls + 1;
}

int main() {
  auto message = std::make_shared<Message>();
  std::shared_ptr<Message> second = message;
  for (int i = 0; i < 2000; i++) {
    void (*const step)(const std::shared_ptr<Message>&) = i == 1500 ? loses : gives_back;
    if (i == 1501)
      for (unsigned char& byte : slot) byte = 0;
    step(second);
  }
  message.reset();
  second.reset();
  for (unsigned char& byte : slot) byte = 0;
}
