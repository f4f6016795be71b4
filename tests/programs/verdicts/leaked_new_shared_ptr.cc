// A shared_ptr handed through a C callback's void* and never deleted: a leaked block that holds an object.
// expect: unreachable-block
#include <memory>

struct Request {
  int words_[8] = {};
};

void* g_user_data;

int main() {
  g_user_data = new std::shared_ptr<Request>(std::make_shared<Request>());
  asm volatile("" : : : "memory");  // the compiler must not see that nobody looks
  g_user_data = nullptr;
}
