// Coroutines on stacks of the program's own, in blocks and in mappings with a guard page: their frames are walked, and a
// snapshot is taken on one.
// dumps: 2
#include <reftally.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { kSize = 64 << 10 };
static ucontext_t home, fibres[4];
static int turns = 0;

static void* deep(int n) {
  void* block = malloc(64);
  void* inner = n > 0 ? deep(n - 1) : NULL;
  free(inner);
  return block;
}

static void run(int number) {
  for (int i = 0; i < 50; i++) {
    free(deep(i % 10));
    turns++;
    if (number == 2 && i == 25) reftally_dump();
    swapcontext(&fibres[number], &home);
  }
}

int main(void) {
  for (int i = 0; i < 4; i++) {
    char* stack = NULL;
    if (i % 2 == 0) {
      stack = malloc(kSize);
    } else {
      stack = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      mprotect(stack, 4096, PROT_NONE);
    }
    getcontext(&fibres[i]);
    fibres[i].uc_stack.ss_sp = stack;
    fibres[i].uc_stack.ss_size = kSize;
    fibres[i].uc_link = &home;
    makecontext(&fibres[i], (void (*)(void))run, 1, i);
  }
  for (int round = 0; round < 51; round++)
    for (int i = 0; i < 4; i++)
      if (round < 50) swapcontext(&home, &fibres[i]);
  printf("%d\n", turns);
  return 0;
}
