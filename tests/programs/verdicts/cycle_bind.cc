// expect: unreachable-cycle type=Session edge=Session::handler_ weaken=Session::handler_.bind.get<0>()
#include <functional>
#include <memory>

struct Session {
  std::function<void()> handler_;
  void read() {}
};

int main() {
  auto session = std::make_shared<Session>();
  session->handler_ = std::bind(&Session::read, session);
}
