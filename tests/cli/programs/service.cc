// A service of three rounds of two hundred clients, with a snapshot after each. Nothing is ever unreachable; what its
// argument names stays for ever:
//   sessions   in a registry after they end, and so does what they hold
//   listeners  every session subscribes to the clock and is not removed when it ends
//   pages      a cache without bound, of strings by value
//   log        a list of lines that nobody cuts
//   nothing    all of that is bounded: the control
#include <reftally.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

std::string_view lingers;

struct Request {
  std::string path;
  std::vector<char> body;
};

class Clock {
 public:
  using Listener = std::function<void(int)>;
  int subscribe(Listener listener) {
    listeners_[++last_] = std::move(listener);
    return last_;
  }
  void unsubscribe(int id) { listeners_.erase(id); }
  void tick(int now) {
    for (auto& [id, listener] : listeners_) listener(now);
  }

 private:
  std::map<int, Listener> listeners_;
  int last_ = 0;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(int client, std::shared_ptr<Clock> clock) : client_(client), clock_(std::move(clock)) {}
  void open() {
    ticks_ = std::make_shared<int>(0);
    subscription_ = clock_->subscribe([ticks = ticks_, client = client_, pad = std::string(40, 'p')](int) { ++*ticks; });
  }
  void close() {
    if (lingers != "listeners") clock_->unsubscribe(subscription_);
  }
  void serve(Request request) { last_ = std::make_unique<Request>(std::move(request)); }

 private:
  int client_;
  int subscription_ = 0;
  std::shared_ptr<Clock> clock_;
  std::shared_ptr<int> ticks_;
  std::unique_ptr<Request> last_;
};

class PageCache {
 public:
  const std::string& page(const std::string& path) {
    if (lingers != "pages" && pages_.size() >= 32) pages_.erase(pages_.begin());
    std::string& page = pages_[path];
    if (page.empty()) page = std::string(300, 'x') + path;
    return page;
  }

 private:
  std::unordered_map<std::string, std::string> pages_;
};

class Server {
 public:
  void serve(int client) {
    const std::lock_guard lock(mutex_);
    auto session = std::make_shared<Session>(client, clock_);
    sessions_[client] = session;
    session->open();
    const std::string path = "/user/" + std::to_string(client);
    session->serve({path, std::vector<char>(100)});
    cache_.page(path);
    log_.push_back("served " + path + std::string(30, '.'));
    if (lingers != "log" && log_.size() > 50) log_.pop_front();
    session->close();
    if (lingers != "sessions") sessions_.erase(client);
    clock_->tick(client);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Clock> clock_ = std::make_shared<Clock>();
  std::map<int, std::shared_ptr<Session>> sessions_;
  PageCache cache_;
  std::list<std::string> log_;
};

}  // namespace

int main(int, char** argv) {
  lingers = argv[1];
  auto server = std::make_shared<Server>();
  int client = 0;
  for (int round = 0; round < 3; round++) {
    std::thread worker([&] {
      for (int i = 0; i < 100; i++) server->serve(client + 2 * i);
    });
    for (int i = 0; i < 100; i++) server->serve(client + 2 * i + 1);
    worker.join();
    client += 200;
    reftally_dump();
  }
}
