// main is gone before the last thread ends the process, inside the C library. What is left of main's thread is none to
// wait for, and /proc/self tells nothing any more.
// report has: main_ends_by_pthread_exit.c:12
// report lacks: could not be stopped
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void* last(void* block) {
  usleep(10000);
  *(volatile char*)malloc(200) = 1;
  puts("last thread");
  return block;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, last, malloc(100));
  pthread_exit(NULL);
}
