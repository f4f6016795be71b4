// Values whose type is told by a function or a vtable beside them: of std::any, of deleters, of exceptions.
// expect: unreachable-cycle type=Widget edge=Widget::large.widget
// expect: unreachable-cycle type=Gadget edge=Gadget::small.gadget
// expect: unreachable-cycle type=Pool type=Buffer weaken=[lambda].pool
// expect: unreachable-cycle type=Task edge=Task::error edge=TaskError::task
#include <any>
#include <exception>
#include <memory>
#include <stdexcept>
#include <vector>

struct Widget;
struct Large {
  double numbers[4] = {};
  std::shared_ptr<Widget> widget;
};
struct Widget {
  std::any large;
};

struct Gadget;
struct Small {
  std::shared_ptr<Gadget> gadget;
};
struct Gadget {
  std::any small;
};

struct Buffer {
  long bytes[8] = {};
};
struct Pool : std::enable_shared_from_this<Pool> {
  std::vector<std::shared_ptr<Buffer>> cached;
  std::shared_ptr<Buffer> get() {
    return std::shared_ptr<Buffer>(new Buffer, [pool = shared_from_this()](Buffer* buffer) { delete buffer; });
  }
};

struct Task;
struct TaskError : std::runtime_error {
  explicit TaskError(std::shared_ptr<Task> of) : std::runtime_error("failed"), task(std::move(of)) {}
  std::shared_ptr<Task> task;
};
struct Task : std::enable_shared_from_this<Task> {
  std::exception_ptr error;
  void run() {
    try {
      throw TaskError(shared_from_this());
    } catch (...) {
      error = std::current_exception();
    }
  }
};

[[gnu::noinline]] static void make() {
  const auto widget = std::make_shared<Widget>();
  widget->large = Large{{}, widget};
  const auto gadget = std::make_shared<Gadget>();
  gadget->small = Small{gadget};
  const auto pool = std::make_shared<Pool>();
  pool->cached.push_back(pool->get());
  std::make_shared<Task>()->run();
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  make();
  clear_stack();
}
