// _exit runs no handlers and flushes nothing; the snapshot must not either.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void never(void) { puts("handler"); }

int main(void) {
  atexit(never);
  printf("not flushed to a pipe");
  if (malloc(10) == NULL) return 1;
  _exit(7);
}
