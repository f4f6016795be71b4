// main is gone before the last thread ends the process, inside the C library.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void* last(void* block) {
  usleep(10000);
  puts("last thread");
  return block;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, last, malloc(100));
  pthread_exit(NULL);
}
