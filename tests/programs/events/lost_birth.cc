// The reference that is lost is the one the object was born with; copies were taken and given back.
// expect: leaked-reference type=Message
// taken: main lost_birth.cc:14
#include <memory>
#include <new>

struct Message {
  int number = 0;
};

alignas(std::shared_ptr<Message>) static unsigned char slot[sizeof(std::shared_ptr<Message>)];

int main() {
  auto* const kept = new (slot) std::shared_ptr<Message>(std::make_shared<Message>());
  {
    std::shared_ptr<Message> copy = *kept, another = copy;
    copy = nullptr;
  }
  for (unsigned char& byte : slot) byte = 0;
}
