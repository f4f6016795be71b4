// expect: unreachable-cycle type=Node edge=Node::next_
#include <cstdlib>
#include <memory>

template <class T>
struct MallocAllocator {
  using value_type = T;
  MallocAllocator() = default;
  template <class U>
  MallocAllocator(const MallocAllocator<U>&) {}
  T* allocate(size_t n) { return static_cast<T*>(std::malloc(n * sizeof(T))); }
  void deallocate(T* p, size_t) { std::free(p); }
  bool operator==(const MallocAllocator&) const = default;
};

struct Node {
  std::shared_ptr<Node> next_;
};

int main() {
  auto first = std::allocate_shared<Node>(MallocAllocator<Node>());
  auto second = std::allocate_shared<Node>(MallocAllocator<Node>());
  first->next_ = second;
  second->next_ = first;
}
