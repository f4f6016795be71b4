// A plugin with a copy of GLib inside: its own functions are called, whoever else has functions of these names.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  char path[4096];
  (void)argc;
  snprintf(path, sizeof path, "%.*s/plugin.so", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return 1;
  int (*takes)(int) = (int (*)(int))dlsym(library, "plugin_takes");
  printf("%d\n", takes(5));
  dlclose(library);
  return 0;
}
