// A queue keeps references in raw storage and releases every one that it forgets.
#include <cstddef>
#include <iostream>
#include <memory>
#include <new>
#include <string>

struct Message {
  explicit Message(std::string words) : text(std::move(words)) {}
  std::string text;
};

// Slots are raw bytes so that an empty queue builds nothing. push() constructs, pop() destroys.
class MessageQueue {
 public:
  using Reference = std::shared_ptr<Message>;

  MessageQueue() = default;
  MessageQueue(const MessageQueue&) = delete;
  MessageQueue& operator=(const MessageQueue&) = delete;
  ~MessageQueue() { clear(); }

  void push(Reference message) { new (slot(tail_++)) Reference(std::move(message)); }
  Reference pop() {
    Reference* front = slot(head_++);
    Reference message = std::move(*front);
    front->~Reference();
    return message;
  }
  void clear() {
    while (head_ != tail_) pop();
  }

 private:
  static constexpr size_t kSlots = 16;
  Reference* slot(size_t index) { return reinterpret_cast<Reference*>(slots_.get()) + index % kSlots; }

  std::unique_ptr<std::byte[]> slots_ = std::make_unique<std::byte[]>(kSlots * sizeof(Reference));
  size_t head_ = 0, tail_ = 0;
};

int main() {
  MessageQueue queue;
  queue.push(std::make_shared<Message>("first"));
  queue.push(std::make_shared<Message>("second"));
  std::cout << queue.pop()->text << "\n";
  queue.clear();
}
