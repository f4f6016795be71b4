// QList of Qt 6 as it lies in memory: begin and size stand in the list, and the data, which copies share, says only how
// much it has room for. The library itself is not needed.
// expect: unreachable-cycle type=Node edge=QTypedArrayData<shared_ptr<Node>>:: weaken=Node::back instances=4
// expect: unreachable-cycle type=Hub edge=QTypedArrayData<shared_ptr<Hub>>:: instances=1
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

struct QArrayData {
  std::atomic<int> ref_;
  unsigned flags;
  std::ptrdiff_t alloc;
};

template <class T>
struct QTypedArrayData : QArrayData {};

template <class T>
struct QArrayDataPointer {
  QTypedArrayData<T>* d;
  T* ptr;
  std::ptrdiff_t size;
};

template <class T>
class QList {
  using Data = QTypedArrayData<T>;

 public:
  QList() : d{allocate(8), nullptr, 0} { d.ptr = reinterpret_cast<T*>(d.d + 1) + 2; }
  QList(const QList& other) : d(other.d) { d.d->ref_++; }
  QList& operator=(QList other) {
    std::swap(d, other.d);
    return *this;
  }
  ~QList() {
    if (--d.d->ref_ != 0) return;
    for (std::ptrdiff_t i = 0; i < d.size; ++i) d.ptr[i].~T();
    std::free(d.d);
  }
  void append(T value) {
    if (d.d->ref_ != 1) {
      QList own;
      for (std::ptrdiff_t i = 0; i < d.size; ++i) own.append(d.ptr[i]);
      *this = own;
    }
    new (d.ptr + d.size++) T(std::move(value));
  }

 private:
  static Data* allocate(std::ptrdiff_t room) {
    auto* data = new (std::calloc(1, sizeof(Data) + room * sizeof(T))) Data;
    data->ref_ = 1;
    data->alloc = room;
    return data;
  }
  QArrayDataPointer<T> d;
};

struct Node {
  QList<std::shared_ptr<Node>> links;
  std::shared_ptr<Node> back;
};

std::shared_ptr<Node> family(bool leaks) {
  auto parent = std::make_shared<Node>();
  for (int i = 0; i < 3; ++i) {
    auto child = std::make_shared<Node>();
    if (leaks) child->back = parent;
    parent->links.append(child);
  }
  return parent;
}

// The only list of its kind.
struct Hub {
  QList<std::shared_ptr<Hub>> peers;
};

void keep_itself() {
  auto hub = std::make_shared<Hub>();
  hub->peers.append(hub);
}

std::shared_ptr<Node> g_kept;
QList<std::shared_ptr<Node>> g_shared;

int main() {
  g_kept = family(false);
  g_shared = g_kept->links;
  for (int i = 0; i < 4; ++i) family(true);
  keep_itself();
}
