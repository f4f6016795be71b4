// QSharedPointer and QWeakPointer as Qt 5 and 6 lay them out and name them; the library itself is not needed.
// expect: unreachable-cycle type=Node edge=Node::next instances=5
#include <new>
#include <utility>
#include <vector>

namespace QtSharedPointer {
struct ExternalRefCountData {
  int weakref = 1, strongref = 1;
  void (*destroyer)(ExternalRefCountData*);
};
struct NormalDeleter {};
template <class T>
struct ExternalRefCountWithContiguousData : ExternalRefCountData {
  [[gnu::noinline]] static void deleter(ExternalRefCountData* self) {
    reinterpret_cast<T*>(static_cast<ExternalRefCountWithContiguousData*>(self)->data)->~T();
  }
  alignas(T) char data[sizeof(T)];
};
template <class T, class Deleter>
struct ExternalRefCountWithCustomDeleter : ExternalRefCountData {
  [[gnu::noinline]] static void deleter(ExternalRefCountData* self) {
    delete static_cast<ExternalRefCountWithCustomDeleter*>(self)->extra;
  }
  T* extra;
};
}  // namespace QtSharedPointer

template <class T>
class QWeakPointer;
template <class T>
class QSharedPointer {
  using Data = QtSharedPointer::ExternalRefCountData;

 public:
  QSharedPointer() = default;
  explicit QSharedPointer(T* object) : value(object) {
    using Counted = QtSharedPointer::ExternalRefCountWithCustomDeleter<T, QtSharedPointer::NormalDeleter>;
    auto* counted = new Counted;
    counted->destroyer = Counted::deleter;
    counted->extra = object;
    d = counted;
  }
  static QSharedPointer create() {
    using Counted = QtSharedPointer::ExternalRefCountWithContiguousData<T>;
    auto* counted = new Counted;
    counted->destroyer = Counted::deleter;
    QSharedPointer made;
    made.value = new (counted->data) T;
    made.d = counted;
    return made;
  }
  QSharedPointer(const QSharedPointer& other) : value(other.value), d(other.d) {
    if (d) ++d->weakref, ++d->strongref;
  }
  QSharedPointer& operator=(QSharedPointer other) {
    std::swap(value, other.value);
    std::swap(d, other.d);
    return *this;
  }
  ~QSharedPointer() {
    if (!d) return;
    if (--d->strongref == 0) d->destroyer(d);
    if (--d->weakref == 0) ::operator delete(d);
  }
  T* operator->() const { return value; }

 private:
  friend class QWeakPointer<T>;
  T* value = nullptr;
  Data* d = nullptr;
};

template <class T>
class QWeakPointer {
 public:
  QWeakPointer() = default;
  QWeakPointer& operator=(const QSharedPointer<T>& other) {
    d = other.d;
    value = other.value;
    ++d->weakref;
    return *this;
  }
  ~QWeakPointer() {
    if (d && --d->weakref == 0) ::operator delete(d);
  }

 private:
  QtSharedPointer::ExternalRefCountData* d = nullptr;
  T* value = nullptr;
};

struct Node {
  QSharedPointer<Node> next;
  QWeakPointer<Node> previous;
};

std::vector<QSharedPointer<Node>> g_nodes;

QSharedPointer<Node> make(bool inside) {
  return inside ? QSharedPointer<Node>::create() : QSharedPointer<Node>(new Node);
}

int main() {
  for (int i = 0; i < 5; ++i) {  // each other
    QSharedPointer<Node> a = make(i % 2), b = make(i % 3);
    a->next = b;
    b->next = a;
  }
  for (int i = 0; i < 5; ++i) {  // one way, and weakly back
    QSharedPointer<Node> a = make(i % 2), b = make(i % 3);
    a->next = b;
    b->previous = a;
    g_nodes.push_back(a);
    QSharedPointer<Node> gone = make(true);
    b->next = gone;
    gone->previous = b;
    b->next = QSharedPointer<Node>();
  }
}
