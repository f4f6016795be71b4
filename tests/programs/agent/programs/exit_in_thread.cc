// Another thread ends the process while main waits and a third allocates.
#include <cstdio>
#include <cstdlib>
#include <thread>

int main() {
  std::thread busy([] {
    for (;;) std::free(std::malloc(100));
  });
  std::thread ender([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    std::puts("ends here");
    std::exit(5);
  });
  busy.join();
}
