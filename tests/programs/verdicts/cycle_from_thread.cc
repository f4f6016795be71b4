// Made on the stack of a thread that has ended: glibc keeps the stack and its stale words.
// expect: unreachable-cycle type=Node edge=Node::next_
#include <memory>
#include <thread>

struct Node {
  std::shared_ptr<Node> next_;
};

int main() {
  std::thread([] {
    auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
    first->next_ = second;
    second->next_ = first;
  }).join();
}
