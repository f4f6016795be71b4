// Threads come and go all the time while snapshots are taken.
// dumps: 4
#include <reftally.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

int main() {
  std::atomic<bool> stop{false};
  std::atomic<long> made{0};
  std::vector<std::thread> makers;
  for (int i = 0; i < 3; i++)
    makers.emplace_back([&] {
      while (!stop) {
        std::thread([&made] {
          auto text = std::make_shared<std::string>(100, 'x');
          made += static_cast<long>(text->size());
        }).join();
      }
    });
  for (int i = 0; i < 3; i++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    reftally_dump();
  }
  stop = true;
  for (auto& maker : makers) maker.join();
  std::printf("%d\n", made > 0);
}
