// Objects in cycles whose destructors call shared_from_this(), themselves or through what they call; a class that only
// calls it while it lives, and one whose destructor asks for weak_from_this().
#include <functional>
#include <memory>
#include <vector>

namespace app {

std::vector<std::shared_ptr<void>> g_kept;

struct Session : std::enable_shared_from_this<Session> {
  ~Session() { close(); }
  void close();

  std::function<void()> handler;
  bool is_open = true;
};

void Session::close() {
  if (is_open) g_kept.push_back(shared_from_this());
}

struct Direct : std::enable_shared_from_this<Direct> {
  ~Direct() { g_kept.push_back(shared_from_this()); }
  std::shared_ptr<Direct> self;
};

struct Base : std::enable_shared_from_this<Base> {
  virtual ~Base() = default;
  std::shared_ptr<Base> self;
};

struct Derived : Base {
  ~Derived() override { g_kept.push_back(shared_from_this()); }
};

struct Alive : std::enable_shared_from_this<Alive> {
  ~Alive() { g_kept.clear(); }
  void start() { self = shared_from_this(); }
  std::shared_ptr<Alive> self;
};

struct Weak : std::enable_shared_from_this<Weak> {
  ~Weak() {
    if (const auto kept = weak_from_this().lock()) kept->self.reset();
  }
  std::shared_ptr<Weak> self;
};

}  // namespace app

int main() {
  auto session = std::make_shared<app::Session>();
  session->handler = [session] { session->close(); };
  auto direct = std::make_shared<app::Direct>();
  direct->self = direct;
  const std::shared_ptr<app::Base> derived(new app::Derived);
  derived->self = derived;
  std::make_shared<app::Alive>()->start();
  auto weak = std::make_shared<app::Weak>();
  weak->self = weak;
}
