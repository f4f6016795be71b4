// Statics free what they hold after the snapshot; thread-local ones before it.
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>

struct Noisy {
  std::string name;
  explicit Noisy(const char* text) : name(text) {}
  ~Noisy() { std::printf("%s\n", name.c_str()); }
};

static std::map<int, std::shared_ptr<Noisy>> table;
thread_local Noisy of_thread("thread-local");

int main() {
  table[1] = std::make_shared<Noisy>("in a static map");
  std::thread([] { of_thread.name += ", of a thread"; }).join();
  of_thread.name += ", of main";
  static Noisy in_function("static in a function");
}
