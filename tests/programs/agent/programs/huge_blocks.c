// Sizes at both ends.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  volatile size_t too_much = PTRDIFF_MAX, half = SIZE_MAX / 2 + 2;
  errno = 0;
  printf("%d %d\n", malloc(too_much) == NULL, errno);
  errno = 0;
  printf("%d %d\n", calloc(half, 2) == NULL, errno);
  void* block = malloc(10);
  errno = 0;
  printf("%d %d\n", realloc(block, too_much) == NULL, errno);
  errno = 0;
  printf("%d %d\n", reallocarray(block, half, 2) == NULL, errno);
  char* large = malloc(3ull << 30);
  if (large != NULL) large[3ull << 29] = 1;
  printf("%d\n", large != NULL);
  free(large);
  free(block);
  block = malloc(0);
  printf("%d\n", block != NULL);
  errno = 0;
  printf("%d %d\n", realloc(block, 0) == NULL, errno);
  return 0;
}
