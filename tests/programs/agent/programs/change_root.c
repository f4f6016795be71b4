// needs: root
// dumps: 0
// stderr: reftally: no dump: cannot read /proc/self/maps
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  char folder[] = "/tmp/reftally-root-XXXXXX";
  if (mkdtemp(folder) == NULL || chroot(folder) != 0 || chdir("/") != 0) return 1;
  puts("in a root of its own");
  return rmdir("/") == 0 ? 2 : 0;
}
