// A fatal signal is left alone: no dump, the same status.
// dumps: 0
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  puts("before");
  fflush(stdout);
  if (malloc(10) == NULL) return 1;
  abort();
}
