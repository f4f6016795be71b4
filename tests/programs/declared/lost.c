// A reference is taken for later and never given back.
// expect: leaked-reference type=node instances=1
// taken: keep_for_later lost.c:8
#include "node.h"

static struct node* later;

__attribute__((noinline)) static void keep_for_later(struct node* node) { later = node_take(node, &later); }

__attribute__((noinline)) static void use(struct node* node) {
  struct node* mine = NULL;
  mine = node_take(node, &mine);
  node_give(mine, &mine);
}

int main(void) {
  struct node* node = node_new(7);
  use(node);
  keep_for_later(node);
  use(node);
  node_release(node);
  later = NULL;
  return 0;
}
