// expect: unreachable-cycle type=Wide edge=Wide::peer instances=4
// expect: unreachable-cycle type=Slim edge=Slim::peer instances=4
// Counts of one and of two bytes, beside other small numbers.
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(T* p) : p_(p) {
    if (p_) ++p_->refcount;
  }
  Ref(const Ref& other) : Ref(other.p_) {}
  Ref& operator=(Ref other) {
    std::swap(p_, other.p_);
    return *this;
  }
  ~Ref() {
    if (p_ && --p_->refcount == 0) delete p_;
  }
  T* operator->() const { return p_; }

 private:
  T* p_ = nullptr;
};

struct Wide {
  uint16_t kind = 7;
  std::atomic<uint16_t> refcount{0};
  uint16_t edges = 1;
  Ref<Wide> peer;
};
struct Slim {
  uint8_t kind = 3, refcount = 0, edges = 1;
  Ref<Slim> peer;
  long rest[2] = {};
};

std::vector<Ref<Wide>> g_wide;
std::vector<Ref<Slim>> g_slim;

template <class T>
[[gnu::noinline]] Ref<T> make_pair(bool closed) {
  const Ref<T> first = new T, second = new T;
  first->peer = second;
  if (closed) second->peer = first;
  return first;
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  for (int i = 0; i < 4; ++i) make_pair<Wide>(true), make_pair<Slim>(true);
  for (int i = 0; i < 5; ++i) {
    g_wide.push_back(make_pair<Wide>(false));
    g_slim.push_back(make_pair<Slim>(false));
    g_wide.push_back(g_wide.back());
    g_slim.push_back(g_slim.back());
  }
  clear_stack();
}
