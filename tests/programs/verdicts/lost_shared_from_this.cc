// The object's own weak pointer to itself does not keep it.
// expect: leaked-reference type=Session
#include <memory>
#include <new>

struct Session : std::enable_shared_from_this<Session> {
  int number = 1;
};

int main() {
  alignas(std::shared_ptr<Session>) char never_destroyed[sizeof(std::shared_ptr<Session>)];
  new (never_destroyed) std::shared_ptr<Session>(new Session);
}
