// A list of small blocks, all of them alive. With BESIDE only a page there knows of them, which is mapped by itself.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

struct node {
  struct node* next;
  long number;
};
#ifdef BESIDE
#define list (*(struct node**)BESIDE)
static void* map_page(void) {
  return mmap((void*)BESIDE, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
}
#else
static struct node* list;
static void* map_page(void) { return NULL; }
#endif

int main(void) {
  if (map_page() == MAP_FAILED) return 1;
  for (long i = 0; i < 1000; i++) {
    struct node* node = malloc(sizeof *node);
    *node = (struct node){list, i};
    list = node;
  }
  printf("%ld\n", list->number);
}
