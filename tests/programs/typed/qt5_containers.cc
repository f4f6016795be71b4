// QList, QHash and QMap of Qt 5 as they lie in memory: data of no type in a union, a tree behind a counted header. The
// library itself is not needed.
// expect: unreachable-cycle type=Listed edge=Listed::links edge=Listed::back weaken=Listed::back instances=3
// expect: unreachable-cycle type=Hashed edge=Hashed::links edge=Hashed::back weaken=Hashed::back instances=3
// expect: unreachable-cycle type=Mapped edge=QMapData<int,shared_ptr<Mapped>>:: weaken=Mapped::back instances=3
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

namespace QtPrivate {
struct RefCount {
  std::atomic<int> atomic;
};
}  // namespace QtPrivate

struct QListData {
  struct Data {
    QtPrivate::RefCount ref;
    int alloc, begin, end;
    void* array[1];
  };
  Data* d;
};

// An element that is larger than a pointer has a block of its own.
template <class T>
class QList {
 public:
  QList() {
    d = static_cast<QListData::Data*>(std::calloc(1, sizeof(QListData::Data) + 8 * sizeof(void*)));
    d->ref.atomic = 1;
    d->alloc = 8;
    d->begin = d->end = 2;
  }
  QList(const QList& other) : d(other.d) { d->ref.atomic++; }
  ~QList() {
    if (--d->ref.atomic != 0) return;
    for (int i = d->begin; i < d->end; ++i) delete static_cast<T*>(d->array[i]);
    std::free(d);
  }
  void append(const T& value) { d->array[d->end++] = new T(value); }

 private:
  union {
    QListData p;
    QListData::Data* d;
  };
};

struct QHashData {
  struct Node {
    Node* next;
    unsigned h;
  };
  Node* fakeNext;
  Node** buckets;
  QtPrivate::RefCount ref;
  int size, nodeSize;
  short userNumBits, numBits;
  int numBuckets;
  unsigned seed;
};

template <class Key, class T>
struct QHashNode {
  QHashNode* next;
  const unsigned h;
  const Key key;
  T value;
};

template <class Key, class T>
class QHash {
  using Node = QHashNode<Key, T>;
  static constexpr int kBuckets = 5;

 public:
  QHash() {
    d = static_cast<QHashData*>(std::calloc(1, sizeof(QHashData)));
    d->ref.atomic = 1;
    d->numBuckets = kBuckets;
    d->seed = 0x9e3779b9;
    d->buckets = static_cast<QHashData::Node**>(std::calloc(kBuckets, sizeof(void*)));
    for (int i = 0; i < kBuckets; ++i) bucket(i) = e;
  }
  QHash(const QHash& other) : d(other.d) { d->ref.atomic++; }
  ~QHash() {
    if (--d->ref.atomic != 0) return;
    for (int i = 0; i < kBuckets; ++i)
      for (Node* node = bucket(i); node != e;) delete std::exchange(node, node->next);
    std::free(d->buckets);
    std::free(d);
  }
  void insert(const Key& key, const T& value) {
    Node*& first = bucket(key % kBuckets);
    first = new Node{first, static_cast<unsigned>(key), key, value};
  }

 private:
  Node*& bucket(int i) { return reinterpret_cast<Node*&>(d->buckets[i]); }
  union {
    QHashData* d;
    Node* e;
  };
};

struct QMapNodeBase {
  uintptr_t p;
  QMapNodeBase *left, *right;
};

template <class Key, class T>
struct QMapNode : QMapNodeBase {
  Key key;
  T value;
};

struct QMapDataBase {
  QtPrivate::RefCount ref;
  int size;
  QMapNodeBase header;
  QMapNodeBase* mostLeftNode;
};

template <class Key, class T>
struct QMapData : QMapDataBase {
  using Node = QMapNode<Key, T>;
};

template <class Key, class T>
class QMap {
  using Data = QMapData<Key, T>;
  using Node = QMapNode<Key, T>;

 public:
  QMap() : d(new Data()) { d->ref.atomic = 1; }
  QMap(const QMap& other) : d(other.d) { d->ref.atomic++; }
  ~QMap() {
    if (--d->ref.atomic != 0) return;
    destroy(d->header.left);
    delete d;
  }
  void insert(const Key& key, const T& value) {
    QMapNodeBase* parent = &d->header;
    QMapNodeBase** place = &d->header.left;
    while (*place) {
      parent = *place;
      place = key < static_cast<Node*>(parent)->key ? &parent->left : &parent->right;
    }
    constexpr uintptr_t kBlack = 1;
    *place = new Node{{reinterpret_cast<uintptr_t>(parent) | kBlack, nullptr, nullptr}, key, value};
    for (d->mostLeftNode = d->header.left; d->mostLeftNode->left;) d->mostLeftNode = d->mostLeftNode->left;
  }

 private:
  static void destroy(QMapNodeBase* node) {
    if (!node) return;
    destroy(node->left);
    destroy(node->right);
    delete static_cast<Node*>(node);
  }
  Data* d;
};

struct Listed {
  QList<std::shared_ptr<Listed>> links;
  std::shared_ptr<Listed> back;
  void add(int, const std::shared_ptr<Listed>& to) { links.append(to); }
};
struct Hashed {
  QHash<int, std::shared_ptr<Hashed>> links;
  std::shared_ptr<Hashed> back;
  void add(int key, const std::shared_ptr<Hashed>& to) { links.insert(key, to); }
};
struct Mapped {
  QMap<int, std::shared_ptr<Mapped>> links;
  std::shared_ptr<Mapped> back;
  void add(int key, const std::shared_ptr<Mapped>& to) { links.insert(key, to); }
};

template <class Node>
std::shared_ptr<Node> family(bool leaks) {
  auto parent = std::make_shared<Node>();
  for (int key : {10, 3, 30, 13}) {
    auto child = std::make_shared<Node>();
    if (leaks) child->back = parent;
    parent->add(key, child);
  }
  return parent;
}

template <class Node>
struct Kept {
  std::shared_ptr<Node> alone = family<Node>(false), shared = family<Node>(false);
  decltype(Node::links) copy{shared->links};  // shares their data
};

Kept<Listed> g_listed;
Kept<Hashed> g_hashed;
Kept<Mapped> g_mapped;

int main() {
  for (int i = 0; i < 3; ++i) family<Listed>(true), family<Hashed>(true), family<Mapped>(true);
}
