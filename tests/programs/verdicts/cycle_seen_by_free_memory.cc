// A thread has freed all that it took, words that lead to the cycle too: an arena where nothing lives holds nothing.
// expect: unreachable-cycle type=Node edge=Node::next_
#include <memory>
#include <thread>

struct Node {
  std::shared_ptr<Node> next_;
};

void write_down(Node* node) {
  volatile auto* words = new Node* volatile[100];
  for (int i = 0; i < 100; i++) words[i] = node;
  delete[] words;
}

int main() {
  auto node = std::make_shared<Node>();
  node->next_ = node;
  std::thread(write_down, node.get()).join();
}
