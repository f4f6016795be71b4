// expect: unreachable-cycle type=Session edge=Session::handler_ weaken=[lambda].session
#include <functional>
#include <memory>

struct Session {
  std::function<void()> handler_;
  int calls_ = 0;
};

int main() {
  auto session = std::make_shared<Session>();
  session->handler_ = [session] { ++session->calls_; };
  session->handler_();
}
