// A daemon closes every descriptor, stderr too, and opens its own: the agent neither holds one nor writes to theirs.
// dumps: 2
// environment: REFTALLY_VERBOSE=1
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  int out = dup(1);
  for (int fd = 0; fd < 1024; fd++)
    if (fd != out) close(fd);
  char data[] = "/tmp/reftally-data-XXXXXX";
  int first = open("/dev/null", O_RDWR), second = open("/dev/null", O_RDWR), file = mkstemp(data);
  dprintf(out, "descriptors %d %d %d\n", first, second, file);
  if (write(file, "data", 4) != 4 || malloc(10) == NULL) return 1;
  pid_t child = fork();
  if (child == 0) {
    char content[100] = "";
    sleep(1);
    ssize_t size = pread(file, content, sizeof content, 0);
    dprintf(out, "%zd bytes: %s\n", size, content);
    unlink(data);
    _exit(0);
  }
  return 0;
}
