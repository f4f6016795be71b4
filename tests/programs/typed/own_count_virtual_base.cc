// expect: unreachable-cycle type=Servant edge=Servant::peer instances=4
// expect: leaked-reference type=Leaf
// expect: unreachable-cycle type=Board type=Panel instances=3
// The count stands in a virtual base, as with Ice's and Android's: where, only the object's vtable says.
#include <utility>
#include <vector>

struct Counted {
  virtual ~Counted() = default;
  unsigned references = 0;
};

template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(T* p) : p_(p) {
    if (p_) ++p_->references;
  }
  Ref(const Ref& other) : Ref(other.p_) {}
  Ref& operator=(Ref other) {
    std::swap(p_, other.p_);
    return *this;
  }
  ~Ref() {
    if (p_ && --p_->references == 0) delete p_;
  }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }

 private:
  T* p_ = nullptr;
};

struct Left : virtual Counted {
  long left = 1;
};
struct Right : virtual Counted {
  long right = 2;
};
struct Leaf : virtual Counted {
  char bytes[100] = {};
};
struct Servant : Left, Right {
  Ref<Servant> peer;
  Ref<Leaf> leaf;
};

struct View : virtual Counted {  // behind such a pointer the count is now here, now there
  Ref<View> other;
};
struct Board : View {
  char squares[64] = {};
};
struct Panel : Left, View {};

std::vector<Ref<Servant>> g_alive;
std::vector<Ref<View>> g_views;

[[gnu::noinline]] static Ref<Servant> make_pair(bool closed) {
  const Ref<Servant> first = new Servant, second = new Servant;
  first->peer = second;
  if (closed) second->peer = first;
  first->leaf = new Leaf;
  second->leaf = first->leaf;
  return first;
}

[[gnu::noinline]] static Ref<View> make_views(bool closed) {
  const Ref<View> board = new Board, panel = new Panel;
  board->other = panel;
  if (closed) panel->other = board;
  return board;
}

[[gnu::noinline]] static void lose_a_release() {
  const Ref<Leaf> leaf = new Leaf;
  ++leaf->references;
  asm volatile("" : : "r"(&*leaf) : "memory");  // else it is never allocated
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  for (int i = 0; i < 4; ++i) make_pair(true);
  for (int i = 0; i < 3; ++i) lose_a_release();
  for (int i = 0; i < 3; ++i) make_views(true);
  for (int i = 0; i < 5; ++i) {
    g_alive.push_back(make_pair(false));
    g_views.push_back(make_views(false));
  }
  clear_stack();
}
