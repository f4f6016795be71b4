// Snapshots at intervals are taken by a signal. Who wants it for itself gets its own, and none of ours, however it asks;
// who gives all signals back what they did at first has not asked.
// environment: REFTALLY_EVERY=50
// dumps: 2..
// stderr: reftally: no more snapshots at intervals: the program takes SIGURG, their signal
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t seen = 0;
static void on_signal(int number) { seen += number == SIGURG; }

static void sleep_a_while(void) {
  struct timespec rest = {0, 200000000};
  while (nanosleep(&rest, &rest) != 0) {
  }
}

static void by_signal(void) { printf("was default: %d\n", signal(SIGURG, on_signal) == SIG_DFL); }
static void by_sysv_signal(void) { printf("was default: %d\n", sysv_signal(SIGURG, on_signal) == SIG_DFL); }

static void by_sigaction(void) {
  struct sigaction own = {.sa_handler = on_signal}, before;
  sigaction(SIGURG, NULL, &before);
  printf("is default: %d\n", before.sa_handler == SIG_DFL);
  sigaction(SIGURG, &own, &before);
  printf("was default: %d\n", before.sa_handler == SIG_DFL);
  sigaction(SIGURG, NULL, &before);
  printf("is own: %d\n", before.sa_handler == on_signal);
}

static sigset_t block(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGURG);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  sleep_a_while();  // one of the timer's may wait now
  return signals;
}

static void by_sigtimedwait(void) {
  const sigset_t signals = block();
  const struct timespec time = {0, 200000000};
  printf("waited for %d\n", sigtimedwait(&signals, NULL, &time));
}

static void by_signalfd(void) {
  const sigset_t signals = block();
  struct signalfd_siginfo info;
  printf("read %d\n", (int)read(signalfd(-1, &signals, SFD_NONBLOCK), &info, sizeof info));
}

static void by_handler_while_blocked(void) {
  const sigset_t signals = block();
  signal(SIGURG, on_signal);
  sigprocmask(SIG_UNBLOCK, &signals, NULL);
}

static void run(void (*take)(void), int give_back_first) {
  if (fork() != 0) return (void)wait(NULL);
  for (int number = 1; give_back_first && number < SIGRTMIN; number++) signal(number, SIG_DFL);
  sleep_a_while();
  take();
  seen = 0;
  sleep_a_while();
  printf("seen %d\n", (int)seen);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGURG, on_signal);
  raise(SIGURG);
  printf("own seen %d\n", (int)seen);
  fflush(stdout);
  exit(0);
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  run(by_signal, 0);
  run(by_signal, 1);
  run(by_sysv_signal, 0);
  run(by_sigaction, 0);
  run(by_sigaction, 1);
  run(by_sigtimedwait, 0);
  run(by_signalfd, 0);
  run(by_handler_while_blocked, 0);
  return 0;
}
