// A service that is a local variable of main, with a snapshot after each of three rounds while main is under way. The
// argument says how main holds it: by value, by unique_ptr, or, as the control, by value with every client gone again.
#include <reftally.h>

#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

struct Session {
  int client;
  std::vector<std::string> lines;
};

class Server {
 public:
  void serve(int client) {
    sessions_.emplace(client, std::make_shared<Session>(Session{client, {}}));
    waiting_.push_back(std::make_shared<Session>(Session{client, {}}));
    by_name_.emplace("a client with a long name " + std::to_string(client), std::make_unique<Session>());
    log_.push_back("a line that is long enough for a block of its own " + std::to_string(client));
  }
  void forget() {
    sessions_.clear();
    waiting_.clear();
    by_name_.clear();
    log_.clear();
  }

 private:
  std::map<int, std::shared_ptr<Session>> sessions_;
  std::list<std::shared_ptr<Session>> waiting_;
  std::unordered_map<std::string, std::unique_ptr<Session>> by_name_;
  std::vector<std::string> log_;
};

void run(Server& server, bool forgets) {
  for (int client = 0; client < 600; client++) {
    server.serve(client);
    if (client % 200 != 199) continue;
    reftally_dump();
    if (forgets) server.forget();
  }
}

}  // namespace

int main(int, char** arguments) {
  const std::string_view how = arguments[1];
  if (how == "owned") {
    auto server = std::make_unique<Server>();
    run(*server, false);
  } else {
    Server server;
    run(server, how == "forgets");
  }
}
