// Guard pages inside a block, a huge reservation, a file cut short under its mapping, shared memory: the dump goes round.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void) {
  char* guarded = aligned_alloc(4096, 10 * 4096);
  mprotect(guarded + 4096, 4096, PROT_NONE);
  mprotect(guarded + 3 * 4096, 2 * 4096, PROT_READ);
  char* sparse = mmap(NULL, 64ull << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (sparse != MAP_FAILED) sparse[33ull << 30] = 1;
  char name[] = "/tmp/reftally-short-XXXXXX";
  int file = mkstemp(name);
  if (ftruncate(file, 1 << 20) != 0) return 1;
  char* private_file = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  char* shared_file = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  private_file[0] = shared_file[4096] = 1;
  if (ftruncate(file, 100) != 0) return 1;
  unlink(name);
  char* shared = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  shared[4 << 20] = 1;
  printf("%d\n", guarded[0] + sparse[33ull << 30] + shared[4 << 20]);
  return 0;
}
