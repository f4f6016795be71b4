// longjmp leaves frames without a word; the last stack must not be believed after it.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf back;

static void* deep(int n) {
  void* block = malloc((size_t)n + 1);
  if (n % 7 == 6) {
    free(block);
    longjmp(back, n);
  }
  void* inner = deep(n + 1);
  free(block);
  return inner;
}

int main(void) {
  int sum = 0;
  for (volatile int i = 0; i < 1000; i++) {
    int value = setjmp(back);
    if (value == 0)
      deep(i % 5);
    else
      sum += value;
  }
  printf("%d\n", sum);
  return 0;
}
