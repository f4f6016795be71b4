// A dump that cannot be written whole leaves no file, one line, and the program as it was: full disks look the same.
// dumps: 0
// stderr: reftally: no dump: cannot write
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

int main(void) {
  struct rlimit limit = {4096, 4096};
  setrlimit(RLIMIT_FSIZE, &limit);
  puts("limited");
  return 0;
}
