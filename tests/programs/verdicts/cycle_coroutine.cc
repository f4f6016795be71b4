// A suspended coroutine keeps its parameter; the object keeps the coroutine.
// expect: unreachable-cycle type=Session
#include <coroutine>
#include <memory>
#include <utility>

struct Task {
  struct promise_type {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  Task() = default;
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }
  std::coroutine_handle<promise_type> handle_;
};

struct Session {
  Task task_;
  int reads_ = 0;
};

Task serve(std::shared_ptr<Session> session) {
  co_await std::suspend_always();
  ++session->reads_;
}

int main() {
  auto session = std::make_shared<Session>();
  session->task_ = serve(session);
}
