// Constructors of the program allocate before ours has run.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char* early = NULL;

__attribute__((constructor(101))) static void begin(void) {
  early = calloc(3, 40);
  early = realloc(early, 500);
  strcpy(early, "from a constructor");
}

int main(void) {
  puts(early);
  free(early);
  return 0;
}
