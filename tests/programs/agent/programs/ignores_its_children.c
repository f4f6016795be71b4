// With SIGCHLD ignored the system collects children by itself.
// dumps: 3
#include <errno.h>
#include <reftally.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  signal(SIGCHLD, SIG_IGN);
  reftally_dump();
  if (fork() == 0) _exit(0);
  printf("%d %d\n", (int)wait(NULL), errno == ECHILD);
  return 0;
}
