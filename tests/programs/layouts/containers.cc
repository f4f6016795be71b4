// Every container and wrapper closes a cycle of its own: read right, each is found, and by name.
// expect: unreachable-cycle type=InVector edge=InVector::back_
// expect: unreachable-cycle type=InList edge=InList::back_
// expect: unreachable-cycle type=InForwardList edge=InForwardList::back_
// expect: unreachable-cycle type=InDeque edge=InDeque::back_
// expect: unreachable-cycle type=InSet edge=InSet::back_
// expect: unreachable-cycle type=InMap edge=InMap::back_
// expect: unreachable-cycle type=InMapKey edge=InMapKey::back_
// expect: unreachable-cycle type=InHashMap edge=InHashMap::back_
// expect: unreachable-cycle type=InHashSet edge=InHashSet::back_
// expect: unreachable-cycle type=InOptional edge=InOptional::back_
// expect: unreachable-cycle type=InVariant edge=InVariant::back_
// expect: unreachable-cycle type=InPair edge=InPair::back_.second
// expect: unreachable-cycle type=InTuple edge=InTuple::back_.get<1>()
// expect: unreachable-cycle type=InArray edge=InArray::back_
// expect: unreachable-cycle type=InUnique edge=InUnique::back_
// expect: unreachable-cycle type=InFunction edge=InFunction::back_ edge=self
// expect: unreachable-cycle type=InLargeFunction edge=InLargeFunction::back_ edge=self
// expect: unreachable-cycle type=FromThis edge=FromThis::back_
#include <array>
#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

template <class T>
using To = std::shared_ptr<T>;

struct InVector {
  std::vector<To<InVector>> back_;
};
struct InList {
  std::list<To<InList>> back_;
};
struct InForwardList {
  std::forward_list<To<InForwardList>> back_;
};
struct InDeque {
  std::deque<To<InDeque>> back_;
};
struct InSet {
  std::set<To<InSet>> back_;
};
struct InMap {
  std::map<std::string, To<InMap>> back_;
};
struct InMapKey {
  std::map<To<InMapKey>, int> back_;
};
struct InHashMap {
  std::unordered_map<std::string, To<InHashMap>> back_;
};
struct InHashSet {
  std::unordered_set<To<InHashSet>> back_;
};
struct InOptional {
  std::optional<To<InOptional>> back_;
};
struct InVariant {
  std::variant<int, std::string, To<InVariant>> back_;
};
struct InPair {
  std::pair<int, To<InPair>> back_;
};
struct InTuple {
  std::tuple<char, To<InTuple>, long> back_;
};
struct InArray {
  std::array<To<InArray>, 3> back_;
};
struct InUnique {
  std::unique_ptr<To<InUnique>> back_;
};
struct InFunction {
  std::function<long()> back_;
};
struct InLargeFunction {
  std::function<long()> back_;
};
struct FromThis : std::enable_shared_from_this<FromThis> {
  To<FromThis> back_;
};

template <class T, class Fill>
[[gnu::noinline]] void close(Fill fill) {
  for (int i = 0; i < 2; ++i) {
    auto object = std::make_shared<T>();
    if (i == 0) fill(object);
  }
}

int main() {
  close<InVector>([](auto& p) { p->back_.resize(3), p->back_.push_back(p); });
  close<InList>([](auto& p) { p->back_.push_back(p); });
  close<InForwardList>([](auto& p) { p->back_.push_front(p); });
  close<InDeque>([](auto& p) {
    for (int i = 0; i < 1000; ++i) p->back_.emplace_back();
    p->back_.push_back(p);
    for (int i = 0; i < 600; ++i) p->back_.pop_front();
  });
  close<InSet>([](auto& p) { p->back_.insert(p); });
  close<InMap>([](auto& p) { p->back_["a key that is longer than a short string holds"] = p; });
  close<InMapKey>([](auto& p) { p->back_[p] = 1; });
  close<InHashMap>([](auto& p) { p->back_["a key that is longer than a short string holds"] = p; });
  close<InHashSet>([](auto& p) { p->back_.insert(p); });
  close<InOptional>([](auto& p) { p->back_ = p; });
  close<InVariant>([](auto& p) { p->back_ = p; });
  close<InPair>([](auto& p) { p->back_.second = p; });
  close<InTuple>([](auto& p) { std::get<1>(p->back_) = p; });
  close<InArray>([](auto& p) { p->back_[1] = p; });
  close<InUnique>([](auto& p) { p->back_ = std::make_unique<To<InUnique>>(p); });
  close<InFunction>([](auto& p) { p->back_ = [self = p] { return self.use_count(); }; });
  close<InLargeFunction>([](auto& p) {
    p->back_ = [numbers = std::array<long, 20>{}, self = p] { return self.use_count() + numbers[3]; };
  });
  close<FromThis>([](auto& p) { p->back_ = p->shared_from_this(); });
}
