// expect: unreachable-block
#include <cstdlib>
#include <cstring>

char* g_text;

int main() {
  g_text = static_cast<char*>(std::malloc(100));
  std::memset(g_text, 'x', 100);
  asm volatile("" : : : "memory");  // the compiler must not see that nobody looks
  g_text = nullptr;
}
