// environment: REFTALLY_OFF=1
// dumps: 0
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  free(malloc(10));
  puts("off");
  return 0;
}
