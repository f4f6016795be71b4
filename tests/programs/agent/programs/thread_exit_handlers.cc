// Destructors that run at the end of a thread allocate and free; the thread's row in the agent has gone by then.
#include <pthread.h>

#include <cstdio>
#include <memory>
#include <string>
#include <thread>

static pthread_key_t key;
static int destroyed = 0;

struct Last {
  std::unique_ptr<std::string> text = std::make_unique<std::string>(100, 'l');
  ~Last() { text = std::make_unique<std::string>(200, 'm'); }
};
thread_local Last last;

int main() {
  pthread_key_create(&key, [](void* value) {
    auto* text = static_cast<std::string*>(value);
    destroyed += static_cast<int>((*text + *text).size());
    delete text;
  });
  for (int i = 0; i < 50; i++)
    std::thread([] {
      pthread_setspecific(key, new std::string(50, 'x'));
      last.text->push_back('y');
    }).join();
  std::printf("%d\n", destroyed);
}
