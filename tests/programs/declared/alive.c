// A list in a static variable, with weak pointers back, shared children, a node in a local array, and a block that was a
// node once.
// expect: none
#include "node.h"

static struct node* head;
void* was_a_node; /* seen from outside, so that no compiler drops it */

int main(void) {
  struct node* parts[3];
  head = node_new(0);
  struct node* last = head;
  for (unsigned i = 1; i < 5; i++) {
    struct node* node = node_new(i);
    node->parent = last;
    last->next = node; /* the reference it was born with */
    last = node;
  }
  struct node* shared = node_new(9);
  node_add_child(head, shared);
  node_add_child(last, shared);
  node_release(shared);
  for (int i = 0; i < 3; i++) parts[i] = node_new(20 + i);
  for (int i = 0; i < 3; i++) node_release(parts[i]);
  struct node* gone = node_new(30);
  node_release(gone);
  was_a_node = malloc(sizeof(struct node));
  memset(was_a_node, 0x11, sizeof(struct node));
  printf("%u %d\n", last->number, was_a_node != NULL);
  return 0;
}
