// dumps: 0
#include <stdlib.h>

int main(void) {
  int* volatile nowhere = malloc(0) != NULL ? NULL : malloc(1);
  return *nowhere;
}
