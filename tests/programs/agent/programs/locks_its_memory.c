// mlockall must not pull the agent's reservations, many gigabytes, into memory.
// needs: root
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(void) {
  int result = mlockall(MCL_CURRENT | MCL_FUTURE);
  void* block = malloc(1 << 20);
  memset(block, 1, 1 << 20);
  printf("%d %d\n", result, munlockall());
  free(block);
  return 0;
}
