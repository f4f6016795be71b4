// A child that holds its parent, which holds it in an array of its own: the array and the titles go with the nodes.
// expect: unreachable-cycle type=node instances=3
// closed: make_family array_cycle.c:10
// edge: node.children node_add_child node.h:62
#include "node.h"

__attribute__((noinline)) static void make_family(unsigned number) {
  struct node *parent = node_new(number), *child = node_new(number + 1);
  node_add_child(parent, child);
  child->next = node_take(parent, &child->next);
  node_release(child);
  node_release(parent);
}

int main(void) {
  for (unsigned i = 0; i < 3; i++) make_family(10 * i);
  return 0;
}
