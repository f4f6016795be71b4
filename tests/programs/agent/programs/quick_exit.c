// quick_exit runs its own handlers only.
#include <stdio.h>
#include <stdlib.h>

static void quick(void) {
  puts("quick handler");
  fflush(stdout);
}
static void never(void) { puts("handler"); }

int main(void) {
  atexit(never);
  at_quick_exit(quick);
  quick_exit(8);
}
