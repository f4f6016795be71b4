// Destructors that never run, that are not virtual, or that recurse.
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace in_a_cycle {
struct Pump;
struct Worker {
  ~Worker() {
    thread_.join();  // expect: cycle-destructor
  }
  std::thread thread_;
  std::shared_ptr<Pump> pump_;
};
struct Pump {
  std::shared_ptr<Worker> worker_;  // expect: own-cycle
};
void build() {
  auto worker = std::make_shared<Worker>();
  worker->pump_ = std::make_shared<Pump>();
  worker->pump_->worker_ = worker;
}
}  // namespace in_a_cycle

namespace in_a_broken_cycle {
struct Pump;
struct Worker {
  ~Worker() {
    std::lock_guard<std::mutex> lock(mutex_);  // expect-note: cycle-destructor
  }
  std::mutex mutex_;
  std::shared_ptr<Pump> pump_;
};
struct Pump {
  std::shared_ptr<Worker> worker_;  // expect-note: own-cycle
  void stop() { worker_.reset(); }
};
void build() {
  auto worker = std::make_shared<Worker>();
  worker->pump_ = std::make_shared<Pump>();
  worker->pump_->worker_ = worker;
}
}  // namespace in_a_broken_cycle

namespace in_no_cycle {
struct Worker {
  ~Worker() { thread_.join(); }
  std::thread thread_;
  std::shared_ptr<Worker> previous_;  // expect: deep-destruction
};
}  // namespace in_no_cycle

namespace not_virtual {
struct Plain {};
struct Derived : Plain {
  std::vector<int> values;
};
struct Virtual {
  virtual ~Virtual() = default;
};
struct DerivedVirtual : Virtual {};
struct Delete {
  template <class T>
  void operator()(T* object) const {
    delete object;
  }
};

std::unique_ptr<Plain> bad_return() {
  return std::make_unique<Derived>();  // expect: nonvirtual-destructor
}
void bad_new() {
  std::unique_ptr<Plain> object(new Derived);  // expect: nonvirtual-destructor
}
void bad_reset(std::unique_ptr<Plain>& object) {
  object.reset(new Derived);  // expect: nonvirtual-destructor
}
std::unique_ptr<Virtual> good_virtual() { return std::make_unique<DerivedVirtual>(); }
std::shared_ptr<Plain> good_shared() { return std::make_shared<Derived>(); }
std::unique_ptr<Plain> good_same() { return std::make_unique<Plain>(); }
void good_deleter() { std::unique_ptr<Plain, Delete> object(new Derived); }
}  // namespace not_virtual

namespace deep {
struct BadList {
  int value = 0;
  std::unique_ptr<BadList> next;  // expect: deep-destruction
};
struct BadShared {
  std::shared_ptr<BadShared> next_;  // expect: deep-destruction
};
struct GoodLoop {
  ~GoodLoop() {
    while (next) next = std::move(next->next);
  }
  std::unique_ptr<GoodLoop> next;
};
struct GoodTree {
  std::vector<std::unique_ptr<GoodTree>> children;
};
struct Tree {
  std::unique_ptr<Tree> left, right;  // expect-note: deep-destruction
  void grow() { left = std::make_unique<Tree>(); }
};
struct GoodWeak {
  std::weak_ptr<GoodWeak> next;
};
}  // namespace deep

namespace likely {
struct Listener {
  virtual ~Listener() = default;
};
struct Bus {
  void subscribe(std::shared_ptr<Listener> listener) { listener_ = listener; }
  std::shared_ptr<Listener> listener_;  // expect-note: own-cycle
};
struct Hub {
  explicit Hub(std::shared_ptr<Bus> bus) : bus_(bus) {}
  std::shared_ptr<Bus> bus_;
};
struct Screen : Listener, std::enable_shared_from_this<Screen> {
  void use(const std::shared_ptr<Hub>& hub) { hub_ = hub; }
  void listen(Bus& bus) { bus.subscribe(shared_from_this()); }
  std::shared_ptr<Hub> hub_;
};
}  // namespace likely
