// What a program wrote behind the end it asked malloc for, after the allocator's own call had made room there
// (jemalloc's xallocx), is still there after realloc: the agent, which fills with zeros, heard nothing of that call.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char* const jemalloc = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2";

static int start_again_with_jemalloc(char** arguments) {
  if (access(jemalloc, R_OK) != 0 || getenv("GROWN_IN_PLACE") != NULL) return 77;  // skipped
  const char* before = getenv("LD_PRELOAD");
  char now[4096];
  snprintf(now, sizeof now, "%s%s%s", before != NULL ? before : "", before != NULL ? ":" : "", jemalloc);
  setenv("LD_PRELOAD", now, 1);
  setenv("GROWN_IN_PLACE", "1", 1);
  execv("/proc/self/exe", arguments);
  return 1;
}

int main(int count, char** arguments) {
  size_t (*grow)(void*, size_t, size_t, int) = NULL;
  *(void**)&grow = dlsym(RTLD_DEFAULT, "xallocx");
  if (count != 1 || grow == NULL) return start_again_with_jemalloc(arguments);
  int lost = 0;
  for (size_t size = 100; size < 20000; size += 999) {
    char* block = malloc(size);
    const size_t grown = grow(block, size, 1000, 0);  // at least what stands behind it as its size class has it
    memset(block, 'x', grown);
    block = realloc(block, 2 * grown);
    for (size_t i = 0; i < grown; i++) lost += block[i] != 'x';
    free(block);
  }
  printf("%d bytes lost\n", lost);
  return 0;
}
