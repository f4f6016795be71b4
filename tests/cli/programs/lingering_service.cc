// A service in three rounds of a hundred clients each, with a snapshot after each round. Nothing is unreachable:
//   lingering_service    sessions stay in a registry after they end, and so does what they hold
//   steady_service       sessions leave; a cache that is full stays full
// The second is this file with STEADY defined.
#include <reftally.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

class Session {
 public:
  explicit Session(int client) : client_(client), buffer_(std::make_shared<std::vector<char>>(512)) {}
  int client() const { return client_; }

 private:
  int client_;
  std::shared_ptr<std::vector<char>> buffer_;
};

class Server {
 public:
  void serve(int client) {
    sessions_[client] = std::make_shared<Session>(client);
    pages_[client % 50] = std::make_shared<std::string>(200, 'x');
    recent_.push_back(sessions_[client]);
    if (recent_.size() > 20) recent_.erase(recent_.begin());
#ifdef STEADY
    sessions_.erase(client);
#endif
  }

 private:
  std::map<int, std::shared_ptr<Session>> sessions_;
  std::map<int, std::shared_ptr<std::string>> pages_;  // of a bounded cache
  std::vector<std::shared_ptr<Session>> recent_;
};

Server g_server;

int main() {
  int client = 0;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 100; i++) g_server.serve(client++);
    reftally_dump();
  }
}
