// A pending operation owns its handler, and with it what the handler captured; the service's queues own the operation.
// expect: unreachable-cycle type=Server edge=self
// expect: unreachable-cycle type=Session edge=self
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

struct Server : std::enable_shared_from_this<Server> {
  void wait() {
    timer_.expires_after(std::chrono::hours(1));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code&) { ++self->ticks_; });
  }
  boost::asio::io_context io_;
  boost::asio::steady_timer timer_{io_};
  int ticks_ = 0;
};

struct Session : std::enable_shared_from_this<Session> {
  explicit Session(int end) : pipe_(io_, end) {}
  void read() {
    boost::asio::async_read(pipe_, boost::asio::buffer(data_),
                            [self = shared_from_this()](const boost::system::error_code&, size_t) { self->read(); });
  }
  boost::asio::io_context io_;
  boost::asio::posix::stream_descriptor pipe_;
  std::array<char, 64> data_{};
};

int main() {
  std::make_shared<Server>()->wait();
  int ends[2];
  if (pipe(ends) == 0) std::make_shared<Session>(ends[0])->read();
}
