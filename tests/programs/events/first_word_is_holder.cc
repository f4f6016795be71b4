// boost::intrusive_ptr: where the first word of an object is a smart pointer itself, what is known of the object and of
// what that holds are kept apart, whichever comes first. Each object's first reference is told by nobody.
// expect: none
#include <boost/intrusive_ptr.hpp>
#include <vector>

struct Node {
  boost::intrusive_ptr<Node> next;
  int references = 1;
};
static void intrusive_ptr_add_ref(Node* node) { ++node->references; }
static void intrusive_ptr_release(Node* node) {
  if (--node->references == 0) delete node;
}
using Pointer = boost::intrusive_ptr<Node>;

static std::vector<Pointer> live;

__attribute__((noinline)) static void keep(const Pointer& node, const Pointer& next, bool next_first) {
  Pointer kept = node;
  if (next_first) kept->next = next;
  const_cast<Pointer&>(node).reset();  // the one that it was born with
  if (!next_first) kept->next = next;
  live.push_back(kept);
}

int main() {
  Pointer next(new Node, false);
  for (int i = 0; i < 8; i++) {
    Pointer node(new Node, false);
    keep(node, next, i % 2 == 0);
    if (i % 3 == 0) next = live.back();
    if (i % 4 == 3) live[static_cast<unsigned>(i) / 2]->next.reset();
  }
}
