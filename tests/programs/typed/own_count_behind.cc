// expect: unreachable-cycle type=Service edge=Service::peer instances=4
// expect: leaked-reference type=Service
// expect: unreachable-cycle type=Item edge=Item::peer instances=4
// The object points to its count, which has a block of its own: Android's RefBase, and an integer.
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

class RefBase {
 public:
  RefBase() : refs_(new Refs{this}) {}
  virtual ~RefBase() = default;
  void take() const {
    ++refs_->weak;
    ++refs_->strong;
  }
  void give_back() const {
    Refs* const refs = refs_;
    if (--refs->strong == 0) delete this;
    if (--refs->weak == 0) delete refs;
  }

 private:
  struct Refs {
    RefBase* const base;
    std::atomic<int32_t> strong{0}, weak{0};
  };
  Refs* const refs_;
};

class Counted {
 public:
  void take() { ++*counter_; }
  bool give_back() { return --*counter_ == 0; }
  ~Counted() { delete counter_; }

 private:
  int* counter_ = new int(0);
};

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
    if (p_) p_->give_back();
  }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }

 private:
  T* p_ = nullptr;
};

struct Interface : virtual RefBase {
  long version = 1;
};
struct Service : Interface {
  Ref<Service> peer;
  Service* client = nullptr;
};
struct Item : Counted {
  void give_back() {
    if (Counted::give_back()) delete this;
  }
  Ref<Item> peer;
  long weight = 7;
};

std::vector<Ref<Service>> g_services;
std::vector<Ref<Interface>> g_interfaces;
std::vector<Ref<Item>> g_items;

template <class T>
[[gnu::noinline]] Ref<T> make_pair(bool closed) {
  const Ref<T> first = new T, second = new T;
  first->peer = second;
  if (closed) second->peer = first;
  return first;
}

[[gnu::noinline]] static void lose_one() {
  const Ref<Service> service = new Service;
  service->take();
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  for (int i = 0; i < 4; ++i) make_pair<Service>(true), make_pair<Item>(true);
  lose_one();
  for (int i = 0; i < 9; ++i) {
    g_services.push_back(make_pair<Service>(false));
    g_services.back()->peer->client = &*g_services.back();
    g_interfaces.push_back(&*g_services.back());
    g_items.push_back(make_pair<Item>(false));
    g_items.push_back(g_items.back());
  }
  clear_stack();
}
