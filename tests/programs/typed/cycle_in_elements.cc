// expect: unreachable-cycle type=vector<Value> edge=vector<Value>::.list instances=4
// Elements that are one of several things hold the vector they stand in, each at another index: one finding.
#include <memory>
#include <vector>

struct Value {
  enum class Kind { kNumber, kList } kind = Kind::kNumber;
  union {
    long number = 0;
    std::shared_ptr<std::vector<Value>> list;
  };
  Value() {}
  Value(const Value& other) : kind(other.kind) {
    if (kind == Kind::kList)
      new (&list) std::shared_ptr<std::vector<Value>>(other.list);
    else
      number = other.number;
  }
  explicit Value(std::shared_ptr<std::vector<Value>> of) : kind(Kind::kList), list(std::move(of)) {}
  ~Value() {
    if (kind == Kind::kList) list.~shared_ptr();
  }
};

[[gnu::noinline]] static void make(int index) {
  const auto values = std::make_shared<std::vector<Value>>();
  values->reserve(8);
  for (int i = 0; i < index; ++i) values->emplace_back();
  values->emplace_back(values);
}

[[gnu::noinline]] static void clear_stack() {
  volatile char space[4096] = {};
  space[0] = 1;
}

int main() {
  for (int i = 0; i < 4; ++i) make(i);
  clear_stack();
}
