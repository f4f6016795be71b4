// Under a limit on address space (ulimit -v) the program has it all: nothing is recorded.
// dumps: 0
// stderr: reftally: memory is limited to less than 1 GB (ulimit -v, -d); nothing is recorded
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char** argv) {
  struct rlimit limit = {200 << 20, 200 << 20};
  if (argc == 1) {
    setrlimit(RLIMIT_AS, &limit);
    execl("/proc/self/exe", argv[0], "limited", (char*)NULL);
  }
  char* block = malloc(100 << 20);
  printf("%d %d\n", block != NULL, malloc(300 << 20) == NULL);
  return 0;
}
