// The copy that is lost has been moved, swapped and grown into a larger vector before.
// expect: leaked-reference type=Message
// taken: subscribe lost_after_moves.cc:18
#include <memory>
#include <new>
#include <utility>
#include <vector>

struct Message {
  int number = 0;
};

static std::vector<std::shared_ptr<Message>> messages;
alignas(std::shared_ptr<Message>) static unsigned char slot[sizeof(std::shared_ptr<Message>)];

__attribute__((noinline)) static void subscribe(const std::shared_ptr<Message>& message) {
  for (int i = 0; i < 3; i++) messages.push_back(nullptr);
  messages.push_back(message);
  for (int i = 0; i < 40; i++) messages.push_back(nullptr);
}

int main() {
  auto message = std::make_shared<Message>();
  auto other = std::make_shared<Message>();
  subscribe(message);
  std::swap(messages.front(), messages[3]);
  std::shared_ptr<Message> carried = std::move(messages.front());
  messages.clear();
  messages.shrink_to_fit();
  std::swap(carried, other);
  new (slot) std::shared_ptr<Message>(std::move(other));
  other = message;
  message.reset();
  other.reset();
  for (unsigned char& byte : slot) byte = 0;
}
