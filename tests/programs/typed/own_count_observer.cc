// expect: unreachable-cycle type=Window edge=Window::peer_
// A pointer that watches has the shape of one that owns, and is none: the votes are against it.
#include <atomic>
#include <utility>

struct Base {
  std::atomic<int> ref_count{0};
};

template <class T>
struct Strong {
  T* p = nullptr;
  Strong() = default;
  explicit Strong(T* q) : p(q) {
    if (p) ++p->ref_count;
  }
  Strong(const Strong& o) : Strong(o.p) {}
  Strong& operator=(Strong o) {
    std::swap(p, o.p);
    return *this;
  }
  ~Strong() {
    if (p && --p->ref_count == 0) delete p;
  }
};

template <class T>
struct Watch {
  T* p = nullptr;
  ~Watch() { p = nullptr; }
};

struct Window : Base {
  Strong<Window> peer_;
  Watch<Window> hovered_;
};

int main() {
  Strong<Window> a(new Window), b(new Window);
  a.p->peer_ = b;
  b.p->peer_ = a;
  a.p->hovered_.p = b.p;
  Strong<Window> owner(new Window);
  owner.p->hovered_.p = a.p;
}
