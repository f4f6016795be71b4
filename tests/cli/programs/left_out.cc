// Its objects are held from memory that it asks the kernel to leave out of its core; then it aborts.
#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <new>

struct Secret {
  int text[10] = {};
};
struct Table {
  std::shared_ptr<Secret> slots[100];
};

int main() {
  constexpr size_t kSize = 65536;
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || madvise(memory, kSize, MADV_DONTDUMP) != 0) return 1;
  static Table* table = new (memory) Table;
  for (auto& slot : table->slots) slot = std::make_shared<Secret>();
  std::abort();
}
