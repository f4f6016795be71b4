// One object with holders of every kind: its account must add up, each holder under the name that source gives it.
// explain: Session
//   1  Router::routes_[1].session_  (strong, holders.cc
//   1  Router::on_idle_ -> [lambda holders.cc
//   1  block of 16 bytes  (strong, told by counts
//   1  std::thread::_State_impl<
//   1  root g_last.session_  (strong)
//   1  root g_registry[].session_  (strong)
//   1  root t_current.session_ of thread 2 (worker)  (strong)
//   1  root thread 2 (worker), stack of serve(): mine  (strong, told by counts)
//   1  unexplained
//   9  strong count
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <vector>

struct Session {
  int user = 7;
};
struct Route {
  int cost = 0;
  std::shared_ptr<Session> session_;
};
struct Router {
  std::vector<Route> routes_;
  std::function<int()> on_idle_;
};

std::shared_ptr<Router> g_router;
Route g_last;
std::vector<Route> g_registry;
thread_local Route t_current;
std::atomic<bool> g_ready;

void wait_for_end() {
  g_ready = true;
  while (true) pause();
}
void serve(const std::shared_ptr<Session>& session) {
  pthread_setname_np(pthread_self(), "worker");
  std::shared_ptr<Session> mine = session;
  t_current.session_ = session;
  wait_for_end();
}

// In memory whose type nobody knows.
void* g_anonymous;
void keep_anonymously(const std::shared_ptr<Session>& session) {
  g_anonymous = new (std::malloc(sizeof session)) std::shared_ptr<Session>(session);
}
// A count whose holder is not to be seen.
unsigned char g_hidden[sizeof(std::shared_ptr<Session>)];
void hide(const std::shared_ptr<Session>& session) {
  new (g_hidden) std::shared_ptr<Session>(session);
  for (unsigned char& byte : g_hidden) byte ^= 0x5a;
}

void build() {
  auto session = std::make_shared<Session>();
  g_router = std::make_shared<Router>();
  g_router->routes_ = {{1, nullptr}, {2, session}};
  g_router->on_idle_ = [session] { return session->user; };
  g_last.session_ = session;
  g_registry.push_back({3, session});
  std::thread(serve, session).detach();
  keep_anonymously(session);
  hide(session);
}

int main() {
  build();
  while (!g_ready) std::this_thread::yield();
}
