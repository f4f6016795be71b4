// QVector of Qt 5 as it lies in memory: elements stand behind a counted header, and copies share them. The library
// itself is not needed.
// expect: unreachable-cycle type=Node edge=QTypedArrayData<shared_ptr<Node>>:: instances=4
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace QtPrivate {
struct RefCount {
  std::atomic<int> atomic;
};
}  // namespace QtPrivate

struct QArrayData {
  QtPrivate::RefCount ref;
  int size;
  unsigned alloc : 31;
  unsigned capacityReserved : 1;
  std::ptrdiff_t offset;
};

template <class T>
struct QTypedArrayData : QArrayData {
  T* begin() { return reinterpret_cast<T*>(reinterpret_cast<char*>(this) + offset); }
};

template <class T>
class QVector {
  using Data = QTypedArrayData<T>;

 public:
  QVector() : d(allocate(4)) {}
  QVector(const QVector& other) : d(other.d) { d->ref.atomic++; }
  QVector& operator=(QVector other) {
    std::swap(d, other.d);
    return *this;
  }
  ~QVector() {
    if (--d->ref.atomic != 0) return;
    for (int i = 0; i < d->size; ++i) d->begin()[i].~T();
    std::free(d);
  }
  void append(T value) {
    if (d->ref.atomic != 1) {
      QVector own;
      for (int i = 0; i < d->size; ++i) own.append(d->begin()[i]);
      *this = own;
    }
    new (d->begin() + d->size++) T(std::move(value));
  }

 private:
  static Data* allocate(unsigned capacity) {
    auto* data = new (std::malloc(sizeof(Data) + capacity * sizeof(T))) Data;
    data->ref.atomic = 1;
    data->size = 0;
    data->alloc = capacity;
    data->capacityReserved = 0;
    data->offset = sizeof(Data);
    return data;
  }
  Data* d;
};

struct Node {
  QVector<std::shared_ptr<Node>> neighbours;
};

QVector<std::shared_ptr<Node>> g_kept;

int main() {
  for (int i = 0; i < 4; ++i) {
    auto a = std::make_shared<Node>(), b = std::make_shared<Node>();
    a->neighbours.append(b);
    b->neighbours.append(a);
  }
  auto held = std::make_shared<Node>();
  held->neighbours.append(std::make_shared<Node>());
  g_kept.append(held);
  const QVector<std::shared_ptr<Node>> shared = g_kept;
  held->neighbours = shared;
  held->neighbours = QVector<std::shared_ptr<Node>>();
}
