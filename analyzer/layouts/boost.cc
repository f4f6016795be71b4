// Boost: smart pointers, wrappers, containers and boost::function. Its flat and small containers are made of vector,
// and so are walked as any class.
#include <array>

#include "analyzer/image/debug_types.h"
#include "analyzer/layouts/layouts.h"
#include "analyzer/layouts/plans.h"

namespace reftally {

namespace {

const Type* argument(const Type& type, size_t i) {
  return i < type.template_arguments.size() ? type.template_arguments[i] : nullptr;
}

bool plan_sole(const Type& type, Plan& plan) {
  plan_sole_owner(plan, 0, argument(type, 0));
  return type.size == 8;
}

// any: a pointer to a holder with a vtable, which says the type
bool plan_any(const Type& type, Plan& plan) {
  plan_sole_owner(plan, 0, nullptr);
  return type.size == 8;
}

bool plan_optional(const Type& type, Plan& plan) {
  const auto storage = find_member(type, {"m_storage"}), engaged = find_member(type, {"m_initialized"});
  if (!storage || !engaged || !argument(type, 0)) return false;
  plan_engaged(plan, storage->offset, engaged->offset, argument(type, 0));
  return true;
}

// An index below zero is of a value that was moved to the heap while another was assigned: not an alternative.
bool plan_variant(const Type& type, Plan& plan) {
  const auto storage = find_member(type, {"storage_"}), which = find_member(type, {"which_"});
  if (!storage || !which || !which->type || which->type->size > 4) return false;
  const bool is_recursive = argument(type, 0) && argument(type, 0)->template_name() == "recursive_flag";
  plan_indexed(plan, storage->offset, which->offset, which->type->size, type.template_arguments);
  return !is_recursive;
}

// ---- container::vector: { begin, size, capacity }

void walk_vector(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t at = value.address + plan.offsets[0], element = plan.element->size;
  const auto begin = walker.word(at), size = walker.word(at + 8), capacity = walker.word(at + 16);
  if (!begin || !size || !capacity) return walker.give_up(value);
  if (*begin == 0) return;
  const bool sound = *size <= *capacity && *capacity < (uint64_t{1} << 48) / element &&
                     walker.in_one_piece(*begin, *begin + *capacity * element);
  if (!sound) return walker.give_up(value);
  if (!walker.visitor().take(at)) return;
  walker.visitor().storage(*begin);
  if (!walker.has_references(plan.element)) return;
  for (uint64_t i = 0; i < *size; ++i) {
    push_entry(walker, plan, value, *begin + i * element, static_cast<uint32_t>(i));
  }
}

bool plan_vector(const Type& type, Plan& plan) {
  const auto begin = find_member(type, {"m_holder", "m_start"}), size = find_member(type, {"m_holder", "m_size"});
  const auto capacity = find_member(type, {"m_holder", "m_capacity"});  // none in a static_vector
  if (!begin || !size || !capacity || !plan_entries(type, plan, false)) return false;
  plan.offsets[0] = begin->offset;
  plan.walk = walk_vector;
  return size->offset == begin->offset + 8 && capacity->offset == begin->offset + 16;
}

// ---- circular_buffer: { buffer, its end, first element, last element, size }

void walk_circular(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t at = value.address + plan.offsets[0], element = plan.element->size;
  const auto buffer = walker.word(at), limit = walker.word(at + 8), first = walker.word(at + 16);
  const auto size = walker.word(at + 32);
  if (!buffer || !limit || !first || !size) return walker.give_up(value);
  if (*buffer == 0) return;
  const bool sound = *buffer <= *first && *first <= *limit && walker.in_one_piece(*buffer, *limit) &&
                     *size <= (*limit - *buffer) / element && (*first - *buffer) % element == 0;
  if (!sound) return walker.give_up(value);
  if (!walker.visitor().take(at)) return;
  walker.visitor().storage(*buffer);
  for (uint64_t i = 0, place = *first; i < *size; ++i, place += element) {
    if (place == *limit) place = *buffer;
    push_entry(walker, plan, value, place, static_cast<uint32_t>(i));
  }
}

bool plan_circular(const Type& type, Plan& plan) {
  const auto buffer = find_member(type, {"m_buff"}), size = find_member(type, {"m_size"});
  if (!buffer || !size || !plan_entries(type, plan, false)) return false;
  plan.offsets[0] = buffer->offset;
  plan.walk = walk_circular;
  return size->offset == buffer->offset + 32;
}

// ---- unordered (to 1.79): { bucket count, size, loads, buckets }; behind the last bucket the first node; nodes
// { next, bucket, element }

void walk_hash(Walker& walker, const Plan& plan, const Value& value) {
  const auto count = walker.word(value.address + plan.offsets[0]);
  const auto buckets = walker.word(value.address + plan.offsets[1]);
  if (!count || !buckets) return walker.give_up(value);
  if (*buckets == 0) return;
  const bool sound = *count < uint64_t{1} << 40 && walker.in_one_piece(*buckets, *buckets + 8 * (*count + 1));
  if (!sound) return walker.give_up(value);
  if (!walker.visitor().take(value.address + plan.offsets[1])) return;
  walker.visitor().storage(*buckets);
  for (uint64_t node = walker.word(*buckets + 8 * *count).value_or(0); node != 0;) {
    const std::optional<uint64_t> next = walker.word(node);
    if (!next || !walker.visitor().take(node)) return;
    walker.visitor().storage(node);
    push_entry(walker, plan, value, node + plan.offsets[2]);
    node = *next;
  }
}

bool plan_hash(const Type& type, Plan& plan, bool is_map) {
  const auto count = find_member(type, {"table_", "bucket_count_"}),
             buckets = find_member(type, {"table_", "buckets_"});
  if (!count || !buckets || !plan_entries(type, plan, is_map)) return false;
  plan.offsets[0] = count->offset;
  plan.offsets[1] = buckets->offset;
  plan.offsets[2] = offset_in_node(plan, 16);
  plan.walk = walk_hash;
  return true;
}

bool plan_unordered_set(const Type& type, Plan& plan) { return plan_hash(type, plan, false); }
bool plan_unordered_map(const Type& type, Plan& plan) { return plan_hash(type, plan, true); }

// ---- function: { table of manager and invoker, buffer }; the lowest bit says that copying the callable is trivial

void walk_function(Walker& walker, const Plan& plan, const Value& value) {
  constexpr uint64_t kInside = 24;  // function_buffer
  const std::optional<uint64_t> table = walker.word(value.address + plan.offsets[0]);
  if (!table) return walker.give_up(value);
  if (*table == 0) return;
  const uint64_t manager = walker.word(*table & ~uint64_t{1}).value_or(0);
  const Type* functor = manager ? walker.types().closure_of_function(manager) : nullptr;
  if (!functor || functor->size == 0) return walker.give_up(value);
  const uint64_t buffer = value.address + plan.offsets[1];
  const PathId path = path_into(walker, *functor, value.path);
  if (functor->size <= kInside) return walker.push(functor, buffer, path);
  const std::optional<uint64_t> target = walker.word(buffer);
  if (!target || !walker.in_one_piece(*target, *target + functor->size)) return walker.give_up(value);
  if (!walker.visitor().take(buffer)) return;
  walker.visitor().storage(*target);
  walker.push(functor, *target, path);
}

bool plan_function(const Type& type, Plan& plan) {
  const auto table = find_member(type, {"vtable"}), buffer = find_member(type, {"functor"});
  if (!table || !buffer) return false;
  plan.offsets[0] = table->offset;
  plan.offsets[1] = buffer->offset;
  plan.walk = walk_function;
  return true;
}

constexpr std::array kLayouts = {
    Layout{"boost", "shared_ptr", plan_shared_ptr},
    Layout{"boost", "shared_array", plan_shared_ptr},
    Layout{"boost", "weak_ptr", plan_weak_ptr},
    Layout{"boost", "enable_shared_from_this", plan_shared_from_this},
    Layout{"boost", "scoped_ptr", plan_sole},
    Layout{"boost", "scoped_array", plan_sole},
    Layout{"boost", "any", plan_any},
    Layout{"boost", "optional", plan_optional},
    Layout{"boost", "variant", plan_variant},
    Layout{"boost", "function", plan_function},
    Layout{"boost", "circular_buffer", plan_circular},
    Layout{"boost::container", "vector", plan_vector},
    Layout{"boost::unordered", "unordered_set", plan_unordered_set},
    Layout{"boost::unordered", "unordered_multiset", plan_unordered_set},
    Layout{"boost::unordered", "unordered_map", plan_unordered_map},
    Layout{"boost::unordered", "unordered_multimap", plan_unordered_map},
};

}  // namespace

std::span<const Layout> boost_layouts() { return kLayouts; }

}  // namespace reftally
