// The count of a node says one, but two fields hold it.
// expect: over-release type=node
#include "node.h"

static struct node* head;

int main(void) {
  head = node_new(1);
  struct node* shared = node_new(2);
  node_add_child(head, shared);
  node_add_child(head, shared);
  node_release(shared);
  node_release(shared);
  printf("%zu\n", head->child_count);
  return 0;
}
