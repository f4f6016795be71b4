// A vfork child shares our memory: it may fail to exec and end by _exit, and must leave nothing behind. What it execs, and
// what posix_spawn, system and popen start, is a process of its own.
// dumps: 7
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static int status_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static int run(const char* path) {
  pid_t child = vfork();
  if (child == 0) {
    execl(path, path, (char*)NULL);
    _exit(127);
  }
  return status_of(child);
}

int main(void) {
  pid_t spawned = 0;
  char* arguments[] = {"false", NULL};
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("true %d, missing %d\n", run("/bin/true"), run("/no/such/program"));
  posix_spawn(&spawned, "/bin/false", NULL, NULL, arguments, environ);
  printf("false %d\n", status_of(spawned));
  printf("system %d\n", WEXITSTATUS(system("/bin/true; exit 4")));
  FILE* pipe = popen("/bin/echo from a pipe", "r");
  char line[100] = "";
  printf("%s", fgets(line, sizeof line, pipe));
  printf("pclose %d\n", pclose(pipe));
  return 0;
}
