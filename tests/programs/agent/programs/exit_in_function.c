// exit is called with blocks still held by frames of main and its callees, and handlers run after the snapshot.
#include <stdio.h>
#include <stdlib.h>

static void* held = NULL;
static void at_end(void) {
  free(held);
  puts("handler");
}

static void finish(int* local) {
  held = malloc(10);
  printf("%d\n", *local);
  exit(*local);
}

int main(void) {
  int* local = malloc(sizeof *local);
  atexit(at_end);
  *local = 42;
  finish(local);
}
