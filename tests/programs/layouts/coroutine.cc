// Frames of coroutines: parameters and the promise are there as long as the frame is; locals come and go.
// expect: unreachable-cycle type=Session edge=serve()::session
// expect: unreachable-cycle type=Reply edge=answer()::promise.reply
// expect: unreachable-cycle type=Timer edge=tick()::self
#include <coroutine>
#include <map>
#include <memory>
#include <utility>
#include <vector>

struct Reply;
struct Task {
  struct promise_type {
    std::shared_ptr<Reply> reply;
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(std::shared_ptr<Reply> value) { reply = value; }
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

struct Message {
  int words[8] = {};
};
struct Session {
  Task task_;
  std::vector<std::shared_ptr<Message>> sent_;
};
struct Reply {
  Task task_;
};
struct Timer {
  Task task_;
};

Task serve(std::shared_ptr<Session> session, std::weak_ptr<Session> other) {
  {
    auto gone = std::make_shared<Message>();
    session->sent_.push_back(gone);
    co_await std::suspend_always();
  }
  for (;;) {
    auto message = std::make_shared<Message>();
    std::map<int, std::shared_ptr<Message>> by_number{{1, message}};
    session->sent_.push_back(message);
    co_await std::suspend_always();
  }
}

Task answer(std::weak_ptr<Reply> to) { co_return to.lock(); }

Task tick(std::shared_ptr<Timer> timer) {
  auto self = timer;
  timer.reset();
  co_await std::suspend_always();
  co_return nullptr;
}

std::vector<std::shared_ptr<Session>> g_sessions;
std::vector<Task> g_tasks;

int main() {
  for (int i = 0; i < 6; ++i) {
    auto session = std::make_shared<Session>();
    g_sessions.push_back(session);
    Task task = serve(session, g_sessions[0]);
    for (int k = 0; k < i; ++k) task.handle_.resume();
    if (i == 4)
      session->task_ = std::move(task);
    else
      g_tasks.push_back(std::move(task));
  }
  g_sessions.erase(g_sessions.begin() + 4);

  auto reply = std::make_shared<Reply>();
  reply->task_ = answer(reply);
  reply->task_.handle_.resume();

  auto timer = std::make_shared<Timer>();
  timer->task_ = tick(timer);
  timer->task_.handle_.resume();
}
