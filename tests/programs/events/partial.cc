// Some code counts without telling: here the count in the control block is raised by hand.
// expect: leaked-reference type=Message
// events: partial
// taken: nobody
#include <cstring>
#include <memory>

struct Message {
  int number = 0;
};

int main() {
  auto message = std::make_shared<Message>();
  auto copy = message;
  int* control_block = nullptr;
  memcpy(&control_block, reinterpret_cast<unsigned char*>(&message) + 8, sizeof control_block);
  control_block[2]++;
}
