// Threads allocate, move and free blocks while snapshots are taken.
// dumps: 6
#include <reftally.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

int main() {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; seed++)
    threads.emplace_back([seed, &stop] {
      std::vector<std::shared_ptr<std::vector<int>>> objects(64);
      void* moving = nullptr;
      for (unsigned i = seed; !stop; i = i * 1103515245 + 12345) {
        objects[i / 65536 % 64] = std::make_shared<std::vector<int>>(i / 65536 % 300);
        moving = std::realloc(moving, i / 65536 % 5000 + 1);
      }
      std::free(moving);
    });
  int taken = 0;
  for (int i = 0; i < 5; i++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    taken += reftally_present() == 0 || reftally_dump() == 0;
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  std::printf("%d\n", taken);
}
