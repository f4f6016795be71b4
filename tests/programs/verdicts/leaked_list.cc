// Only the head of what leaked together is reported.
// expect: unreachable-block instances=1
struct Link {
  Link* next = nullptr;
};
Link* g_head;

int main() {
  for (int i = 0; i < 10; ++i) {
    g_head = new Link{g_head};
    asm volatile("" : : : "memory");  // or clang makes no list at all
  }
  g_head = nullptr;
}
