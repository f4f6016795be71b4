#include "analyzer/layouts/operations.h"

#include "analyzer/layouts/walker.h"

namespace reftally {

namespace {

bool is_operation(const Type& type) {
  const bool is_asio = type.scope == "asio::detail" || type.scope == "boost::asio::detail";
  return is_asio && (type.short_name == "scheduler_operation" || type.short_name == "task_io_service_operation");
}

// The operation inside a class that derives from it, at any depth; asio has it first.
const Type* operation_in(const Type& type) {
  constexpr int kDeepest = 8;
  const Type* at = &type;
  for (int depth = 0; at && depth < kDeepest; ++depth) {
    if (is_operation(*at)) return at;
    const bool has_base = !at->members.empty() && at->members[0].is_base && at->members[0].offset == 0;
    at = has_base ? at->members[0].type : nullptr;
  }
  return nullptr;
}

}  // namespace

const Type* operation_class(const Image& image, const DebugTypes& types, const Type& pointee, uint64_t address) {
  const Type* operation = operation_in(pointee);
  const auto function = operation ? find_member(*operation, {"func_"}) : std::nullopt;
  if (!function) return nullptr;
  const uint64_t code = image.word(address + function->offset).value_or(0);
  const Type* found = code ? types.class_of_function(code) : nullptr;  // Operation::do_complete
  return found && operation_in(*found) ? found : nullptr;
}

Slots::Slots(const DebugTypes& types) : types_(types) {
  const Type* base = types.find("QtPrivate::QSlotObjectBase");
  const auto function = base ? find_member(*base, {"m_impl"}) : std::nullopt;
  if (function) function_at_ = function->offset;
}

const Type* Slots::class_at(const Image& image, uint64_t address) {
  if (function_at_ == 0) return nullptr;
  const uint64_t code = image.word(address + function_at_).value_or(0);
  if (code == 0 || !image.module_at(code)) return nullptr;
  auto [known, added] = classes_.try_emplace(code, nullptr);
  if (!added) return known->second;
  const Type* type = types_.class_of_function(code);  // QFunctorSlotObject::impl
  const bool is_slot = type && type->scope == "QtPrivate" && !type->members.empty() && type->members[0].is_base &&
                       type->members[0].type->short_name == "QSlotObjectBase";
  return known->second = is_slot ? type : nullptr;
}

}  // namespace reftally
