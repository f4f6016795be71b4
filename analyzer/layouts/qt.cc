// Qt 5 and 6: QSharedPointer { value, d } and QWeakPointer { d, value }. Containers share their data: that of Qt 5's
// QVector is an object with a count, and the elements stand in the same block. Other containers: qt_containers.cc.
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

// QTypedArrayData<T> of Qt 5: { ref, size, alloc, offset }, and T[size] that far from its beginning.
void walk_array_data(Walker& walker, const Plan& plan, const Value& value) {
  const auto size = walker.word(value.address + (plan.offsets[0] & ~uint64_t{7}));
  const auto offset = walker.word(value.address + plan.offsets[1]);
  if (!size || !offset) return walker.give_up(value);
  const uint64_t count = static_cast<uint32_t>(*size >> 8 * (plan.offsets[0] % 8)), element = plan.element->size;
  const uint64_t begin = value.address + *offset;
  const bool sound = *offset >= value.type->size && *offset < (uint64_t{1} << 32) &&
                     walker.in_one_piece(value.address, begin + count * element);
  if (!sound) return walker.give_up(value);
  for (uint64_t i = 0; i < count; ++i)
    walker.push(plan.element, begin + i * element, walker.paths().element(value.path, plan.element),
                static_cast<uint32_t>(i));
}

bool plan_array_data(const Type& type, Plan& plan) {
  const auto size = find_member(type, {"size"}), offset = find_member(type, {"offset"});
  if (!size || !offset || !size->type || size->type->size != 4 || type.template_arguments.empty()) return false;
  plan.element = type.template_arguments[0];
  if (!plan.element || plan.element->size == 0) return false;
  plan.offsets[0] = size->offset;
  plan.offsets[1] = offset->offset;
  plan.walk = walk_array_data;
  return true;
}

constexpr std::array kLayouts = {
    Layout{"", "QTypedArrayData", plan_array_data},
    Layout{"", "QSharedPointer", plan_shared_pointer},
    Layout{"", "QWeakPointer", plan_weak_pointer},
};

}  // namespace

std::span<const Layout> qt_layouts() { return kLayouts; }

}  // namespace reftally
