// Who has privileges need not call prctl() before it filters its system calls: libseccomp for systemd, for instance,
// asks the kernel by syscall(), and so do programs that write their filters by hand. What syscall() does is as ever.
// needs: root
// dumps: 4
// stderr: reftally: no dump: the program restricts its own rights (seccomp)
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Kills for all but what is needed from here on.
static struct sock_filter filter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_brk, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

static long by_seccomp(void) { return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program); }
static long by_prctl(void) { return syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0); }
static long only_asks(void) {
  unsigned action = SECCOMP_RET_KILL_PROCESS;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}
static long name(void) { return syscall(SYS_prctl, PR_SET_NAME, "named", 0, 0, 0); }
static long no_such_call(void) {
  errno = 0;
  return syscall(100000) == -1 && errno == ENOSYS ? 0 : 1;
}
static long six_arguments(void) {
  char* page = (char*)syscall(SYS_mmap, NULL, 4096L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  return ((char*)memset(page, 1, 4096))[4095] - 1;
}

static void run(long (*call)(void)) {
  fflush(stdout);
  const pid_t child = fork();
  int status = 0;
  if (child == 0) {
    printf("%ld\n", call());
    free(malloc(100));
    fflush(stdout);
    _exit(3);
  }
  waitpid(child, &status, 0);
  printf("status %x\n", status);
}

int main(void) {
  static char buffer[1000];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  run(by_seccomp);
  run(by_prctl);
  run(only_asks);
  run(name);
  run(no_such_call);
  printf("%ld\n", six_arguments());
  return 0;
}
