// Two nodes that hold each other through a field; no debug information is needed to say so.
// expect: unreachable-cycle type=node instances=1
#include "node.h"

int main(void) {
  struct node *a = node_new(1), *b = node_new(2);
  printf("%u %u\n", a->number, b->number);
  memset(&a->parent, 0, sizeof a->parent);
  a->next = node_take(b, &a->next);
  b->next = node_take(a, &b->next);
  node_release(a);
  node_release(b);
  return 0;
}
