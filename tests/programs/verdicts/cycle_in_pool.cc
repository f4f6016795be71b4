// Many control blocks in one block of a memory resource that the program still has.
// expect: unreachable-cycle|unowned-cycle type=Node edge=Node::next_
#include <memory>
#include <memory_resource>

struct Node {
  std::shared_ptr<Node> next_;
};
std::pmr::monotonic_buffer_resource* g_pool;

int main() {
  g_pool = new std::pmr::monotonic_buffer_resource(4096);
  std::pmr::polymorphic_allocator<Node> allocator(g_pool);
  auto first = std::allocate_shared<Node>(allocator), second = std::allocate_shared<Node>(allocator);
  first->next_ = second;
  second->next_ = first;
}
