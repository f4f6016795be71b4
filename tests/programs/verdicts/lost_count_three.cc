// One object, three units lost.
// expect: leaked-reference type=Message
#include <memory>
#include <new>

struct Message {
  int words_[8] = {};
};

int main() {
  auto message = std::make_shared<Message>();
  for (int i = 0; i < 3; ++i) {
    alignas(std::shared_ptr<Message>) std::byte slot[sizeof(std::shared_ptr<Message>)];
    new (slot) std::shared_ptr<Message>(message);
  }
}
