// The child that writes a dump is nobody's to wait for: no SIGCHLD, no pid from wait, even for a subreaper.
// dumps: 8
#include <errno.h>
#include <reftally.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t signals = 0;
static void on_child(int number) { signals += number == SIGCHLD; }

int main(void) {
  struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
  sigaction(SIGCHLD, &action, NULL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  printf("%d %d\n", (int)waitpid(-1, NULL, WNOHANG), errno == ECHILD);
  int children = 0, strangers = 0;
  for (int i = 0; i < 3; i++) {
    reftally_dump();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(i);
    siginfo_t info;
    if (waitid(P_ALL, 0, &info, WEXITED) == 0) children++;
    strangers += info.si_pid != child;
    errno = 0;
    strangers += waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD;
  }
  reftally_dump();
  usleep(100000);
  strangers += waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD;
  printf("children %d, strangers %d, signals %d\n", children, strangers, (int)signals);
  return 0;
}
