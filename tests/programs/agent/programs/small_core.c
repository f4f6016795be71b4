// A core file must not have the agent's reservations, hundreds of gigabytes: sparse on a disk, but a service that is
// fed by a pipe (systemd-coredump) is sent every byte of them.
#include <stdio.h>
#include <string.h>

int main(void) {
  FILE* maps = fopen("/proc/self/smaps", "r");
  char line[512], name[16] = "";
  unsigned long begin = 0, end = 0, kilobytes = 0;
  int is_written = 0;
  while (maps && fgets(line, sizeof line, maps)) {
    unsigned long first = 0, last = 0, size = 0;
    if (sscanf(line, "%lx-%lx %4s", &first, &last, name) == 3) begin = first, end = last, is_written = 0;
    if (sscanf(line, "Anonymous: %lu", &size) == 1) is_written = size > 0;
    if (strncmp(line, "VmFlags:", 8) == 0 && is_written && !strstr(line, " dd")) kilobytes += (end - begin) >> 10;
  }
  if (maps) fclose(maps);
  puts(kilobytes < 100000 ? "small" : "large");
  return 0;
}
