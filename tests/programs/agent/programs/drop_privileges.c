// A program that gives up its rights cannot write where it could: no dump, one line, the same program.
// needs: root
// dumps: 0
// stderr: reftally: no dump: cannot create
#include <stdio.h>
#include <unistd.h>

int main(void) {
  if (setgid(65534) != 0 || setuid(65534) != 0) return 1;
  printf("%d\n", (int)getuid());
  return 0;
}
