// A signal that arrives inside realloc, where the block is in neither place, is answered when realloc is done.
// environment: REFTALLY_SIGNAL=12
// dumps: 2..
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int stop = 0;

static void* ask(void* thread) {
  for (int i = 0; i < 10; i++) {
    usleep(3000);
    pthread_kill(*(pthread_t*)thread, SIGUSR2);
  }
  stop = 1;
  return NULL;
}

int main(void) {
  if (getenv("REFTALLY_OUTPUT_DIR") == NULL) signal(SIGUSR2, SIG_IGN);
  pthread_t self = pthread_self(), asker;
  pthread_create(&asker, NULL, ask, &self);
  char* block = malloc(1);
  for (size_t size = 1; !stop; size = size * 5 % 2000003 + 1) {
    block = realloc(block, size);
    block[size - 1] = 1;
  }
  pthread_join(asker, NULL);
  free(block);
  puts("done");
  return 0;
}
