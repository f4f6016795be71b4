// exit() from deep inside: what the frames below still hold is alive.
// expect: none
#include <cstdlib>
#include <memory>

struct Node {
  std::shared_ptr<Node> next_;
};

[[gnu::noinline]] void work(const std::shared_ptr<Node>& node) {
  if (node->next_) std::exit(0);
}

int main() {
  auto node = std::make_shared<Node>();
  node->next_ = node;
  work(node);
  node->next_.reset();
}
