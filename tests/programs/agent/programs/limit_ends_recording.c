// Where a limit that the program has set leaves no room for the agent's tables, what they miss would look leaked: no
// snapshot is taken any more, not when it is asked for either.
// environment: REFTALLY_SIGNAL=12
// dumps: 0
// stderr: reftally: no memory for the table of live blocks, or the program has limited its own; recording stops
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = 180 << 20;
  setrlimit(RLIMIT_AS, &limit);
  int got = 0;
  for (int i = 0; i < 1200; i++) got += malloc(64 << 10) != NULL;
  struct sigaction asking;
  sigaction(SIGUSR2, NULL, &asking);
  if (asking.sa_handler == SIG_DFL) signal(SIGUSR2, SIG_IGN);  // without the agent
  raise(SIGUSR2);
  printf("%d\n", got);
  return 0;
}
