// A session stores a callback that knows the session: it may be gone when the callback runs.
#include <functional>
#include <iostream>
#include <memory>
#include <string>

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(std::string peer) : peer_(std::move(peer)) {}
  ~Session() { std::cout << "session with " << peer_ << " ended\n"; }

  void start() {
    on_data_ = [weak = weak_from_this()](const std::string& data) {
      if (const auto self = weak.lock()) self->received_ += data.size();
    };
  }
  void deliver(const std::string& data) { on_data_(data); }
  size_t received() const { return received_; }

 private:
  std::string peer_;
  size_t received_ = 0;
  std::function<void(const std::string&)> on_data_;
};

int main() {
  auto session = std::make_shared<Session>("client");
  session->start();
  session->deliver("hello");
  std::cout << session->received() << " bytes received\n";
}
