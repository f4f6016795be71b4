// A call that succeeds leaves errno as it was, as the C library's own do.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  int changed = 0;
  for (size_t size = 1; size < 5000000; size = size * 3 / 2 + 1) {
    errno = 4711;
    void* block = malloc(size);
    changed += errno != 4711;
    block = realloc(block, size * 2);
    changed += errno != 4711;
    free(block);
    changed += errno != 4711;
    free(calloc(size, 2));
    changed += errno != 4711;
  }
  printf("%d\n", changed);
  return 0;
}
