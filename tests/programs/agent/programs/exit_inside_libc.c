// err(3) calls exit inside the C library, past our hook: the snapshot is taken when our library is unloaded.
#include <err.h>
#include <errno.h>
#include <stdlib.h>

int main(void) {
  if (malloc(10) == NULL) return 1;
  errno = ENOENT;
  err(6, "stopped by %s", "err");
}
