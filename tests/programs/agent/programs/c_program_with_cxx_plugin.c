// operator new is in no library that the global scope knows: a C program opens a C++ one for itself.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv) {
  char path[4096];
  snprintf(path, sizeof path, "%.*s/plugin.so", (int)(strrchr(argv[0], '/') - argv[0]), argv[0]);
  int sum = 0;
  for (int i = 1; i <= 3; i++) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return 1;
    int (*run)(int) = (int (*)(int))dlsym(library, "plugin_run");
    sum += run(i);
    dlclose(library);
  }
  printf("%d %d\n", sum, argc);
  return 0;
}
