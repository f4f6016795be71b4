// Threads with the smallest stack allowed, and a signal handler on a stack of its own, allocate as ever.
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void* allocate(void* unused) {
  (void)unused;
  void* block = malloc(100);
  return block != NULL && (block = realloc(block, 1000)) != NULL ? (free(block), "made") : NULL;
}

static void* volatile made_in_handler = NULL;
static void on_signal(int number) { made_in_handler = malloc((size_t)number); }

int main(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  printf("%d\n", pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN)));
  int ok = 0;
  for (int i = 0; i < 20; i++) {
    pthread_t thread;
    void* result = NULL;
    if (pthread_create(&thread, &attributes, allocate, NULL) != 0) continue;
    pthread_join(thread, &result);
    ok += result != NULL;
  }
  stack_t stack = {.ss_sp = malloc(16384), .ss_size = 16384};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  printf("%d %d\n", ok, made_in_handler != NULL);
  return 0;
}
