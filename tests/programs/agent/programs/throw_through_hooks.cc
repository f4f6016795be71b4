// Exceptions pass the frames of operator new: bad_alloc, a throwing new handler, and a throwing constructor.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>

struct Thrower {
  std::string text = "a member that allocates, so that it has to be destroyed";
  explicit Thrower(int n) {
    if (n % 2 == 0) throw n;
  }
};

volatile size_t far_too_much = std::numeric_limits<std::ptrdiff_t>::max();

int main() {
  try {
    auto* block = ::operator new(far_too_much);
    std::printf("%p\n", block);
  } catch (const std::bad_alloc&) {
    std::puts("bad_alloc");
  }
  std::printf("nothrow %d\n", ::operator new(far_too_much, std::nothrow) == nullptr);
  std::printf("aligned %d\n", ::operator new(far_too_much, std::align_val_t{64}, std::nothrow) == nullptr);
  std::set_new_handler([] { throw 17; });
  try {
    auto* block = ::operator new[](far_too_much);
    std::printf("%p\n", block);
  } catch (int number) {
    std::printf("new handler %d\n", number);
  }
  int caught = 0;
  for (int i = 0; i < 100; i++) {
    try {
      delete new Thrower(i);
    } catch (int) {
      caught++;
    }
  }
  std::printf("caught %d\n", caught);
}
