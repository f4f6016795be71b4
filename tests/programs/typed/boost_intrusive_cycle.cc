// expect: unreachable-cycle type=Session type=Server edge=Session::server_ edge=Server::sessions_
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <functional>
#include <string>
#include <unordered_map>

struct Server;
struct Session : boost::intrusive_ref_counter<Session> {
  boost::intrusive_ptr<Server> server_;
};
struct Server : boost::intrusive_ref_counter<Server> {
  std::unordered_map<std::string, boost::intrusive_ptr<Session>> sessions_;
};

boost::intrusive_ptr<Session> g_idle;

int main() {
  boost::intrusive_ptr<Server> server(new Server);
  boost::intrusive_ptr<Session> session(new Session);
  session->server_ = server;
  server->sessions_["first"] = session;
  g_idle = new Session;
}
