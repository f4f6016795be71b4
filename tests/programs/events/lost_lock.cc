// A weak_ptr is locked, and what lock() gave is lost. Threads copy and drop the pointer meanwhile.
// expect: leaked-reference type=Connection
// taken: poll lost_lock.cc:17
#include <memory>
#include <new>
#include <thread>
#include <vector>

struct Connection : std::enable_shared_from_this<Connection> {
  int number = 0;
};

alignas(std::shared_ptr<Connection>) static unsigned char slot[sizeof(std::shared_ptr<Connection>)];

__attribute__((noinline)) static void poll(const std::weak_ptr<Connection>& watched) {
  new (slot) std::shared_ptr<Connection>(
      watched.lock());
}

static void work(std::shared_ptr<Connection> connection) {
  std::vector<std::shared_ptr<Connection>> copies;
  for (int i = 0; i < 1000; i++) copies.push_back(i % 2 ? connection : connection->shared_from_this());
}

int main() {
  auto connection = std::make_shared<Connection>();
  std::weak_ptr<Connection> watched = connection;
  std::thread first(work, connection), second(work, connection);
  poll(watched);
  first.join();
  second.join();
  connection.reset();
  for (unsigned char& byte : slot) byte = 0;
}
