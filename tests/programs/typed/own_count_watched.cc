// expect: unowned-cycle type=Window edge=Window::next_
// The same table of plain pointers beside smart pointers that free: it only looks on, and the ring is garbage.
#include <atomic>
#include <utility>
#include <vector>

template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* to) : to_(to) {
    if (to_) ++to_->refs;
  }
  Ref(const Ref& other) : Ref(other.to_) {}
  Ref& operator=(Ref other) {
    std::swap(to_, other.to_);
    return *this;
  }
  ~Ref() {
    if (to_ && --to_->refs == 0) delete to_;
  }
  T* operator->() const { return to_; }
  T* get() const { return to_; }

 private:
  T* to_ = nullptr;
};

struct Window {
  std::atomic<int> refs{0};
  Ref<Window> next_;
};

std::vector<Window*> g_all;

int main() {
  for (int i = 0; i < 4; ++i) {
    Ref<Window> a(new Window), b(new Window);
    a->next_ = b;
    b->next_ = a;
    g_all.push_back(a.get());
  }
}
