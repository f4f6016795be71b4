// A program that forbids itself system calls (seccomp) ends as it would: the agent makes none of its own any more, also
// not to find out what may be read of a stack that the program made itself.
// dumps: 0
// stderr: reftally: no dump: the program restricts its own rights (seccomp)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

static ucontext_t of_main, of_fibre;
static char stack[64 * 1024];

static void fibre(void) {
  void* volatile block = malloc(100);
  free(block);
}

int main(void) {
  // Allows what the C library needs from here on, and kills for all else.
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 5, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_brk, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_newfstatat, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigprocmask, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  getcontext(&of_fibre);
  of_fibre.uc_stack.ss_sp = stack;
  of_fibre.uc_stack.ss_size = sizeof stack;
  of_fibre.uc_link = &of_main;
  makecontext(&of_fibre, fibre, 0);
  printf("%d\n", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  printf("%d\n", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
  void* block = malloc(100);
  free(block);
  swapcontext(&of_main, &of_fibre);
  return 9;
}
