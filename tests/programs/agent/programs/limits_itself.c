// A program that limits its own memory while it runs has that much of it, for the agent reserves little.
// dumps: 1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int main(void) {
  const int kinds[] = {RLIMIT_AS, RLIMIT_DATA};
  struct rlimit limit;
  for (int i = 0; i < 2; i++) {
    getrlimit(kinds[i], &limit);
    limit.rlim_cur = 300 << 20;
    setrlimit(kinds[i], &limit);
  }
  char* large = malloc(160 << 20);
  int small = 0;
  for (int i = 0; i < 100000; i++) small += malloc(100) != NULL;
  if (large != NULL) memset(large, 1, 1 << 20);
  printf("%d %d %d\n", large != NULL, small, malloc(400 << 20) == NULL);
  return 0;
}
