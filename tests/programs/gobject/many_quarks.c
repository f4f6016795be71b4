// The array of a program's quarks is replaced by a larger one after 2,048 of them, and lost on purpose. Another block
// of that size is no such array.
// expect: unreachable-block instances=1
#include <glib.h>
#include <stdio.h>
#include <string.h>

static void lose(void) {
  char* volatile text = g_malloc(16384);
  memset(text, 'x', 16384);
  text = NULL;
}

int main(void) {
  for (int i = 0; i < 6000; i++) {
    char name[32];
    snprintf(name, sizeof name, "quark %d", i);
    g_quark_from_string(name);
  }
  lose();
  return 0;
}
