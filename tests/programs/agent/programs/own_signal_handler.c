// A program that installs a handler for the snapshot signal keeps it.
// environment: REFTALLY_SIGNAL=12
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t seen = 0;
static void on_signal(int number) { seen = number; }

int main(void) {
  signal(SIGUSR2, on_signal);
  raise(SIGUSR2);
  printf("%d\n", (int)seen);
  return 0;
}
