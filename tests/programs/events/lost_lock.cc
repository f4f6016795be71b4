// A weak_ptr is locked, and what lock() gave is lost. Threads copy and drop the pointer meanwhile.
// expect: leaked-reference type=Connection
// taken: poll lost_lock.cc:15
#include <memory>
#include <new>
#include <thread>

struct Connection : std::enable_shared_from_this<Connection> {
  int number = 0;
};

alignas(std::shared_ptr<Connection>) static unsigned char slot[sizeof(std::shared_ptr<Connection>)];

__attribute__((noinline)) static void poll(const std::weak_ptr<Connection>& watched) {
  new (slot) std::shared_ptr<Connection>(watched.lock());
}

static void work(const std::shared_ptr<Connection>* connection) {
  for (int i = 0; i < 1000; i++) {
    std::shared_ptr<Connection> copy = i % 2 ? *connection : (*connection)->shared_from_this();
    if (copy->number != 0) copy.reset();
  }
}

int main() {
  auto connection = std::make_shared<Connection>();
  std::weak_ptr<Connection> watched = connection;
  std::thread first(work, &connection), second(work, &connection);
  poll(watched);
  first.join();
  second.join();
  connection.reset();
  for (unsigned char& byte : slot) byte = 0;
}
