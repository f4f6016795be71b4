// expect: unreachable-block
#include <cstdlib>
#include <cstring>

char* g_text;

int main() {
  g_text = static_cast<char*>(std::malloc(100));
  std::memset(g_text, 'x', 100);
  g_text = nullptr;
}
