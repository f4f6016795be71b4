// The last object of a pool is destroyed, its memory kept by a weak reference. What it has left of its members keeps
// nothing alive, though the program still points into the pool behind it.
// expect: unreachable-cycle type=Node edge=Node::next_
#include <memory>
#include <memory_resource>

struct Node {
  std::shared_ptr<Node> next_;
  std::weak_ptr<Node> last_;
};
std::pmr::monotonic_buffer_resource* g_pool;

int main() {
  g_pool = new std::pmr::monotonic_buffer_resource(4096);
  auto first = std::make_shared<Node>(), second = std::make_shared<Node>();
  auto last = std::allocate_shared<Node>(std::pmr::polymorphic_allocator<Node>(g_pool));
  last->next_ = first;
  first->next_ = second;
  second->next_ = first;
  first->last_ = second->last_ = last;
}
