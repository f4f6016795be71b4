// A child made by fork is recorded like its parent and writes a dump of its own.
// dumps: 2
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  void* before = malloc(100);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    free(before);
    void* after = malloc(200);
    printf("child %d\n", after != NULL);
    exit(3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("parent saw %d\n", WEXITSTATUS(status));
  free(before);
  return 0;
}
