// A program with a malloc of its own comes before ours in every lookup: it goes on using it. Where that is, is told
// though the program writes a title over its first argument.
// report has: /own_malloc: blocks
// report lacks: tttt
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static char pool[16 << 20] __attribute__((aligned(16)));
static size_t used = 0;
static unsigned calls = 0;

void* malloc(size_t size) {
  calls++;
  size_t* block = (size_t*)(pool + used);
  used += (size + 31) / 16 * 16;
  if (used > sizeof pool) return NULL;
  block[0] = size;
  return block + 2;
}
void free(void* block) { (void)block; }
void* calloc(size_t count, size_t size) {
  void* block = malloc(count * size);
  if (block != NULL) memset(block, 0, count * size);
  return block;
}
void* realloc(void* old, size_t size) {
  void* block = malloc(size);
  if (old != NULL && block != NULL) memcpy(block, old, ((size_t*)old)[-2] < size ? ((size_t*)old)[-2] : size);
  return block;
}

int main(int count, char** arguments) {
  if (count != 0) memset(arguments[0], 't', strlen(arguments[0]));
  unsigned before = calls;
  char* text = malloc(100);
  strcpy(text, "own malloc");
  text = realloc(text, 200);
  printf("%s %u %d\n", text, calls - before, (char*)text >= pool && (char*)text < pool + sizeof pool);
  return 0;
}
