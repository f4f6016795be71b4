// A C++ class with a count of its own, told by hand: its members are read by type, and only the told ones count.
// expect: unreachable-cycle type=Widget instances=1
#include <cstdio>
#include <string>
#include <vector>

#include "reftally.h"

struct Widget {
  std::string name = "a name longer than what fits inside";
  int count = 1;
  Widget* owner = nullptr;      // has a reference
  Widget* neighbour = nullptr;  // has none
  std::vector<int> numbers = {1, 2, 3};
};

#pragma GCC diagnostic ignored "-Winvalid-offsetof"
static const reftally_field kFields[] = {REFTALLY_FIELD(Widget, owner, REFTALLY_STRONG)};
static const reftally_type kType = {
    REFTALLY_TYPE(Widget, "Widget", count), 0, 0, nullptr, kFields, 1, nullptr};

static Widget* make() {
  auto* widget = new Widget;
  reftally_object(widget, &kType);
  return widget;
}

int main() {
  Widget *a = make(), *b = make();
  a->owner = b;
  b->owner = a;
  a->neighbour = b;
  b->neighbour = a;
  std::printf("%zu\n", a->numbers.size());
}
