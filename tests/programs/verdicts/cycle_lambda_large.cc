// A closure too large for std::function's own storage lives in a block of its own.
// expect: unreachable-cycle type=Session edge=Session::handler_ weaken=[lambda].session
#include <array>
#include <functional>
#include <memory>

struct Session {
  std::function<int()> handler_;
};

int main() {
  std::array<int, 20> table{};
  auto session = std::make_shared<Session>();
  session->handler_ = [table, session] { return table[3] + static_cast<int>(session.use_count()); };
}
