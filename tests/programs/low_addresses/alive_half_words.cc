// expect: none
// Below 4 GiB some libraries keep pointers in 32 bits (GHashTable does), two to a word.
#include <cstdint>
#include <cstdlib>

uint32_t* g_table;
void* g_far;

[[gnu::noinline]] static void fill() {
  constexpr int kEntries = 8192;  // so that the lower half of an address takes all values
  g_table = static_cast<uint32_t*>(std::calloc(kEntries, sizeof *g_table));
  for (int i = 0; i < kEntries; ++i) {
    void* entry = std::malloc(5);
    const auto address = reinterpret_cast<uintptr_t>(entry);
    if (address >> 32 != 0) std::exit(0);  // an executable that is not loaded low shows nothing
    g_table[i] = static_cast<uint32_t>(address);
  }
}

int main() {
  g_far = std::malloc(4 << 20);  // in a mapping far above: most words lie between the first block and the last
  fill();
}
