// expect: unreachable-cycle type=Text edge=Text::peer instances=4
// expect: unreachable-cycle type=Shape edge=Shape::peer instances=4
// expect: leaked-reference type=Shape
// Counts that are not the number of owners as it is: beside a flag in the lowest bit, as WebKit's StringImpl has it,
// and one that begins at -1.
#include <atomic>
#include <utility>
#include <vector>

template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(T* p) : p_(p) {
    if (p_) p_->take();
  }
  Ref(const Ref& other) : Ref(other.p_) {}
  Ref& operator=(Ref other) {
    std::swap(p_, other.p_);
    return *this;
  }
  ~Ref() {
    if (p_ && p_->give_back()) delete p_;
  }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }

 private:
  T* p_ = nullptr;
};

struct Text {
  void take() { refCount += 2; }
  bool give_back() { return (refCount -= 2) < 2; }
  long length = 3;
  unsigned refCount = 1;  // the flag
  Ref<Text> peer;
};
struct Shape {
  void take() { ++refs_less_one; }
  bool give_back() { return refs_less_one-- == 0; }
  virtual ~Shape() = default;
  std::atomic<int> refs_less_one{-1};
  Ref<Shape> peer;
  Shape* parent = nullptr;
};

std::vector<Ref<Text>> g_texts;
std::vector<Ref<Shape>> g_shapes;

template <class T>
[[gnu::noinline]] Ref<T> make_pair(bool closed) {
  const Ref<T> first = new T, second = new T;
  first->peer = second;
  if (closed) second->peer = first;
  return first;
}

[[gnu::noinline]] static void lose_one() {
  const Ref<Shape> shape = new Shape;
  shape->take();
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  for (int i = 0; i < 4; ++i) make_pair<Text>(true), make_pair<Shape>(true);
  lose_one();
  for (int i = 0; i < 9; ++i) {
    g_texts.push_back(make_pair<Text>(false));
    g_texts.push_back(g_texts.back());
    g_shapes.push_back(make_pair<Shape>(false));
    g_shapes.push_back(g_shapes.back());
    g_shapes.back()->peer->parent = &*g_shapes.back();
  }
  clear_stack();
}
