// What Qt makes of a closure that is connected to a signal: no vtable but a function of its own, and the connection,
// in structs that nobody but Qt knows, points to it. The classes stand in for those of QtCore.
// expect: unreachable-cycle type=Grab edge=Grab::connections_ weaken=[lambda].grab
#include <atomic>
#include <memory>
#include <utility>

namespace QtPrivate {
class QSlotObjectBase {
 public:
  using ImplFn = void (*)(int which, QSlotObjectBase* slot);
  explicit QSlotObjectBase(ImplFn impl) : m_ref(1), m_impl(impl) {}
  void call() { m_impl(1, this); }

 private:
  std::atomic<int> m_ref;
  const ImplFn m_impl;
};

template <typename Func>
class QFunctorSlotObject : public QSlotObjectBase {
 public:
  explicit QFunctorSlotObject(Func f) : QSlotObjectBase(&impl), function(std::move(f)) {}

 private:
  Func function;
  static void impl(int which, QSlotObjectBase* slot) {
    auto* self = static_cast<QFunctorSlotObject*>(slot);
    if (which == 0)
      delete self;
    else
      self->function();
  }
};
}  // namespace QtPrivate

struct Grab {
  void** connections_ = nullptr;

  template <typename Func>
  void connect(Func func) {
    connections_ = new void*[3]{nullptr, nullptr, new QtPrivate::QFunctorSlotObject<Func>(std::move(func))};
  }
};

int main() {
  for (int i = 0; i < 3; i++) {
    auto grab = std::make_shared<Grab>();
    grab->connect([grab] { grab->connections_[0] = nullptr; });
    static_cast<QtPrivate::QSlotObjectBase*>(grab->connections_[2])->call();
  }
}
