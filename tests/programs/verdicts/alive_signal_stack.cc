// expect: none
// Stacks for signal handlers, of which only the kernel has the address: of the main thread, of one that waits, and of
// one given as a part of a block.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

namespace {

constexpr size_t kSize = 64 << 10;

[[gnu::noinline]] void give_signal_stack(size_t offset) {
  stack_t stack{};
  stack.ss_sp = static_cast<char*>(malloc(kSize + offset)) + offset;
  stack.ss_size = kSize;
  sigaltstack(&stack, nullptr);
}

[[gnu::noinline]] void overwrite_stack() {
  volatile char over[4096];
  for (volatile char& byte : over) byte = 0;
}

pthread_barrier_t given;

void* wait_for_the_end(void* offset) {
  give_signal_stack(reinterpret_cast<size_t>(offset));
  overwrite_stack();
  pthread_barrier_wait(&given);
  for (;;) pause();
}

}  // namespace

int main() {
  pthread_barrier_init(&given, nullptr, 3);
  pthread_t threads[2];
  for (size_t i = 0; i < 2; ++i)
    pthread_create(&threads[i], nullptr, wait_for_the_end, reinterpret_cast<void*>(i * 64));
  pthread_barrier_wait(&given);
  give_signal_stack(0);
  overwrite_stack();
}
