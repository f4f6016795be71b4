// QHash of Qt 6 as it lies in memory: spans of 128 buckets with entries, some of them free again, which may still see
// what they held. The library itself is not needed.
// expect: unreachable-cycle|unowned-cycle type=Node edge=shared_ptr<Node>>>:: weaken=Node::back instances=4
#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace QtPrivate {
struct RefCount {
  std::atomic<int> atomic;
};
}  // namespace QtPrivate

namespace QHashPrivate {

template <class Key, class T>
struct Node {
  Key key;
  T value;
};

template <class Node>
struct Span {
  struct Entry {
    struct {
      alignas(Node) unsigned char data[sizeof(Node)];
    } storage;
    unsigned char& nextFree() { return *reinterpret_cast<unsigned char*>(&storage); }
    Node& node() { return *reinterpret_cast<Node*>(&storage); }
  };
  static constexpr int kRoom = 48;

  unsigned char offsets[128];
  Entry* entries = nullptr;
  unsigned char allocated = 0, nextFree = 0;

  Span() { std::memset(offsets, 0xff, sizeof(offsets)); }
  ~Span() {
    for (unsigned char offset : offsets)
      if (offset != 0xff) entries[offset].node().~Node();
    delete[] entries;
  }
  template <class... Arguments>
  void insert(int bucket, Arguments&&... arguments) {
    if (!entries) {
      entries = new Entry[kRoom];
      for (int i = 0; i < kRoom; ++i) entries[i].nextFree() = static_cast<unsigned char>(i + 1);
      allocated = kRoom;
    }
    offsets[bucket] = nextFree;
    Entry& entry = entries[nextFree];
    nextFree = entry.nextFree();
    new (&entry.storage) Node{std::forward<Arguments>(arguments)...};
  }
  void erase(int bucket) {
    const unsigned char offset = std::exchange(offsets[bucket], 0xff);
    entries[offset].node().~Node();
    entries[offset].nextFree() = std::exchange(nextFree, offset);
  }
};

template <class Node>
struct Data {
  QtPrivate::RefCount ref = {{1}};
  std::size_t size = 0, numBuckets = 0, seed = 0x9e3779b97f4a7c15;
  Span<Node>* spans = nullptr;

  explicit Data(std::size_t buckets) : numBuckets(buckets), spans(new Span<Node>[buckets / 128]) {}
  ~Data() { delete[] spans; }
};

}  // namespace QHashPrivate

template <class Key, class T>
class QHash {
  using Data = QHashPrivate::Data<QHashPrivate::Node<Key, T>>;

 public:
  QHash() : d(new Data(256)) {}
  QHash(const QHash& other) : d(other.d) { d->ref.atomic++; }
  ~QHash() {
    if (--d->ref.atomic == 0) delete d;
  }
  void insert(int key, const T& value) {
    d->spans[key / 128].insert(key % 128, key, value);
    d->size++;
  }
  void remove(int key) {
    d->spans[key / 128].erase(key % 128);
    d->size--;
  }

 private:
  Data* d = nullptr;
};

struct Node {
  QHash<int, std::shared_ptr<Node>> links;
  std::shared_ptr<Node> back;
};

std::shared_ptr<Node> family(bool leaks) {
  auto parent = std::make_shared<Node>();
  for (int key : {3, 70, 90, 100, 200}) {
    auto child = std::make_shared<Node>();
    if (leaks) child->back = parent;
    parent->links.insert(key, child);
  }
  parent->links.remove(70);
  parent->links.remove(90);
  return parent;
}

std::shared_ptr<Node> g_kept = family(false), g_shared = family(false);
QHash<int, std::shared_ptr<Node>> g_copy(g_shared->links);

int main() {
  for (int i = 0; i < 4; ++i) family(true);
}
