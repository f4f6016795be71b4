// expect: unreachable-cycle type=Plain edge=Plain::back_
// expect: unreachable-cycle type=Made edge=Made::back_
// expect: unreachable-cycle type=FromThis edge=FromThis::back_
// expect: unreachable-cycle type=InOptional edge=InOptional::back_
// expect: unreachable-cycle type=InVariant edge=InVariant::back_
// expect: unreachable-cycle type=InVector edge=InVector::back_
// expect: unreachable-cycle type=InSmallVector edge=InSmallVector::back_
// expect: unreachable-cycle type=InFlatMap edge=InFlatMap::back_
// expect: unreachable-cycle type=InScoped edge=InScoped::back_
// expect: unreachable-cycle type=InCircular edge=InCircular::back_
// expect: unreachable-cycle type=InHashMap edge=InHashMap::back_
// expect: unreachable-cycle type=InFunction edge=InFunction::back_ edge=self
// expect: unreachable-cycle type=InLargeFunction edge=InLargeFunction::back_ edge=self
// expect: unreachable-cycle type=InAny edge=InAny::back_
#include <array>
#include <boost/any.hpp>
#include <boost/circular_buffer.hpp>
#include <boost/container/flat_map.hpp>
#include <boost/container/small_vector.hpp>
#include <boost/container/vector.hpp>
#include <boost/enable_shared_from_this.hpp>
#include <boost/function.hpp>
#include <boost/make_shared.hpp>
#include <boost/optional.hpp>
#include <boost/scoped_ptr.hpp>
#include <boost/shared_ptr.hpp>
#include <boost/unordered_map.hpp>
#include <boost/variant.hpp>
#include <boost/weak_ptr.hpp>
#include <string>

template <class T>
using To = boost::shared_ptr<T>;

struct Plain {
  To<Plain> back_;
  boost::weak_ptr<Plain> weak_;
};
struct Made {
  To<Made> back_;
};
struct FromThis : boost::enable_shared_from_this<FromThis> {
  To<FromThis> back_;
};
struct InOptional {
  boost::optional<To<InOptional>> back_;
};
struct InVariant {
  boost::variant<int, std::string, To<InVariant>> back_;
};
struct InVector {
  boost::container::vector<To<InVector>> back_;
};
struct InSmallVector {
  boost::container::small_vector<To<InSmallVector>, 4> back_;
};
struct InFlatMap {
  boost::container::flat_map<int, To<InFlatMap>> back_;
};
struct InScoped {
  boost::scoped_ptr<To<InScoped>> back_;
};
struct InCircular {
  boost::circular_buffer<To<InCircular>> back_;
};

struct InHashMap {
  boost::unordered_map<int, To<InHashMap>> back_;
};
struct InFunction {
  boost::function<long()> back_;
};
struct InLargeFunction {
  boost::function<long()> back_;
};
struct InAny {
  boost::any back_;
};

template <class T, class Fill>
[[gnu::noinline]] void close(Fill fill) {
  for (int i = 0; i < 2; ++i) {
    auto object = boost::make_shared<T>();
    if (i == 0) fill(object);
  }
}

int main() {
  {
    To<Plain> plain(new Plain);
    plain->back_ = plain;
    plain->weak_ = plain;
  }
  close<Made>([](auto& p) { p->back_ = p; });
  close<FromThis>([](auto& p) { p->back_ = p->shared_from_this(); });
  close<InOptional>([](auto& p) { p->back_ = p; });
  close<InVariant>([](auto& p) { p->back_ = p; });
  close<InVector>([](auto& p) { p->back_.push_back(p); });
  close<InSmallVector>([](auto& p) { p->back_.push_back(p); });
  close<InFlatMap>([](auto& p) { p->back_[7] = p; });
  close<InScoped>([](auto& p) { p->back_.reset(new To<InScoped>(p)); });
  close<InHashMap>([](auto& p) { p->back_[7] = p; });
  close<InFunction>([](auto& p) { p->back_ = [self = p] { return self.use_count(); }; });
  close<InLargeFunction>([](auto& p) {
    p->back_ = [numbers = std::array<long, 20>{}, self = p] { return self.use_count() + numbers[3]; };
  });
  close<InAny>([](auto& p) { p->back_ = p; });
  close<InCircular>([](auto& p) {
    p->back_.set_capacity(3);
    for (int i = 0; i < 4; ++i) p->back_.push_back(To<InCircular>());
    p->back_.push_back(p);
  });
}
