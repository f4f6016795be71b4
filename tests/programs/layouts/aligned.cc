// expect: unreachable-cycle type=InMap instances=3
// expect: unreachable-cycle type=InHash instances=3
// expect: unreachable-cycle type=InForward instances=3
// expect: unreachable-cycle type=InCallback instances=3
// Elements that ask for 16 bytes of alignment stand further behind the links of their nodes, and behind their keys.
#include <forward_list>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

template <class T>
struct alignas(16) Slot {
  std::shared_ptr<T> to;
};
template <class T>
struct Wide {
  long double weight = 0;
  std::shared_ptr<T> to;
};

struct InMap {
  std::map<int, Slot<InMap>> exact;
  std::map<std::string, Wide<InMap>> padded;
};
struct InHash {
  std::unordered_map<int, Slot<InHash>> exact;
  std::unordered_map<std::string, Wide<InHash>> hashed;
};
struct InForward {
  std::forward_list<Slot<InForward>> exact;
};
struct InCallback {
  std::map<int, std::function<void()>> callbacks;
};

[[gnu::noinline]] static void leak() {
  const auto map = std::make_shared<InMap>();
  map->exact[1].to = map;
  map->padded["a"].to = map;
  const auto hash = std::make_shared<InHash>();
  hash->exact[1].to = hash;
  hash->hashed["a"].to = hash;
  const auto forward = std::make_shared<InForward>();
  forward->exact.emplace_front().to = forward;
  const auto callback = std::make_shared<InCallback>();
  callback->callbacks[1] = [callback] { (void)callback; };
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  for (int i = 0; i < 3; ++i) leak();
  clear_stack();
}
