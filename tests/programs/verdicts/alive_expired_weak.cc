// An expired weak_ptr keeps the storage of a make_shared object: dead, but nothing leaks.
// expect: none allow=weak-pinned-storage
#include <memory>

struct Large {
  char bytes_[4096] = {};
};
std::weak_ptr<Large> g_last;

int main() { g_last = std::make_shared<Large>(); }
