// Blocks that grow, shrink and move keep their bytes; what zero-filling does must not reach them.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  unsigned state = 1, wrong = 0;
  enum { kCount = 50 };
  unsigned char* blocks[kCount] = {0};
  size_t sizes[kCount] = {0};
  for (int i = 0; i < 20000; i++) {
    state = state * 1103515245 + 12345;
    unsigned row = state / 65536 % kCount;
    size_t size = (state / 7 % 50 == 0 ? 300000 : 900) * (size_t)(state / 65536 % 97) / 97 + 1;
    blocks[row] = realloc(blocks[row], size);
    for (size_t at = 0; at < size && at < sizes[row]; at += 13) wrong += blocks[row][at] != (unsigned char)row;
    if (state % 3 == 0) size = malloc_usable_size(blocks[row]);  // all of it may be used
    memset(blocks[row], (int)row, size);
    sizes[row] = size;
  }
  printf("%u\n", wrong);
  for (int row = 0; row < kCount; row++) free(blocks[row]);
  free(realloc(malloc(100), 200));
  printf("%d\n", realloc(malloc(10), 0) == NULL);
  return 0;
}
