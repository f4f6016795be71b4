// Qt 5 and 6: QSharedPointer { value, d } and QWeakPointer { d, value }. Its containers share their data and are read
// word by word.
#include <array>

#include "analyzer/layouts/layouts.h"
#include "analyzer/layouts/plans.h"

namespace reftally {

namespace {

bool plan_pointer(const Type& type, Plan& plan, bool strong) {
  const auto data = find_member(type, {"d"});
  if (!data || !plan_counted_pair(type, plan, strong)) return false;
  plan.offsets[0] = data->offset;
  return true;
}

bool plan_shared_pointer(const Type& type, Plan& plan) { return plan_pointer(type, plan, true); }
bool plan_weak_pointer(const Type& type, Plan& plan) { return plan_pointer(type, plan, false); }

constexpr std::array kLayouts = {
    Layout{"", "QSharedPointer", plan_shared_pointer},
    Layout{"", "QWeakPointer", plan_weak_pointer},
};

}  // namespace

std::span<const Layout> qt_layouts() { return kLayouts; }

}  // namespace reftally
