// A program that replaces operator new and delete, and counts.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

static long made = 0, unmade = 0;

void* operator new(size_t size) {
  made++;
  auto* block = static_cast<size_t*>(std::malloc(size + 16));  // a header of its own before the object
  block[0] = size;
  return block + 2;
}
void operator delete(void* block) noexcept {
  if (block == nullptr) return;
  unmade++;
  std::free(static_cast<size_t*>(block) - 2);
}
void operator delete(void* block, size_t) noexcept { operator delete(block); }

int main() {
  {
    auto text = std::make_shared<std::string>(100, 'x');
    std::unique_ptr<int[]> array(new int[10]);
    array[0] = static_cast<int>(text->size());
    std::string more = *text + *text;
  }
  std::printf("%ld %ld\n", made, unmade);
}
