// A cycle held from a mapped page that no allocator knows.
// expect: none
#include <sys/mman.h>

#include <memory>
#include <new>

struct Node {
  std::shared_ptr<Node> next_;
};
struct Table {
  std::shared_ptr<Node> nodes_[8];
};

std::shared_ptr<Node> make_cycle() {
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  first->next_ = second;
  second->next_ = first;
  return first;
}

int main() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  (new (page) Table)->nodes_[3] = make_cycle();
}
