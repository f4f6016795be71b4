// A list of small blocks, all of them alive.
#include <stdio.h>
#include <stdlib.h>

struct node {
  struct node* next;
  long number;
};
static struct node* list;

int main(void) {
  for (long i = 0; i < 1000; i++) {
    struct node* node = malloc(sizeof *node);
    *node = (struct node){list, i};
    list = node;
  }
  printf("%ld\n", list->number);
}
