// fork in a process with threads that allocate: the child, which has one, allocates, dumps and ends.
// dumps: 6
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

int main() {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; i++)
    threads.emplace_back([&stop] {
      while (!stop) std::string(200, 'x').append("y");
    });
  int sum = 0;
  for (int i = 0; i < 5; i++) {
    pid_t child = fork();
    if (child == 0) {
      std::string text(1000, 'z');
      std::exit(static_cast<int>(text.size() / 1000));
    }
    int status = 0;
    waitpid(child, &status, 0);
    sum += WEXITSTATUS(status);
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  std::printf("%d\n", sum);
}
