// A poller owns its timer, the timer its callback, the callback the poller; cancelling forgets to drop the callback.
#include <functional>
#include <iostream>
#include <memory>
#include <vector>

class Timer {
 public:
  explicit Timer(std::function<void()> callback) : callback_(std::move(callback)) {}
  void cancel() { cancelled_ = true; }
  bool fire() {
    if (!cancelled_) callback_();
    return !cancelled_;
  }

 private:
  std::function<void()> callback_;
  bool cancelled_ = false;
};

class EventLoop {
 public:
  std::shared_ptr<Timer> every_tick(std::function<void()> callback) {
    return timers_.emplace_back(std::make_shared<Timer>(std::move(callback)));
  }
  void tick() {
    std::erase_if(timers_, [](const auto& timer) { return !timer->fire(); });
  }

 private:
  std::vector<std::shared_ptr<Timer>> timers_;
};

class Poller : public std::enable_shared_from_this<Poller> {
 public:
  ~Poller() { std::cout << "poller gone after " << polls_ << " polls\n"; }
  void start(EventLoop& loop) {
    timer_ = loop.every_tick([self = shared_from_this()] { self->poll(); });
  }

 private:
  void poll() {
    if (++polls_ == 3) timer_->cancel();
  }

  std::shared_ptr<Timer> timer_;
  int polls_ = 0;
};

int main() {
  EventLoop loop;
  std::make_shared<Poller>()->start(loop);
  for (int i = 0; i < 5; ++i) loop.tick();
}
