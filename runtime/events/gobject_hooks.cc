// GObject: which calls take and give back references, which types there are. The program's and its libraries' calls
// come here; those inside libgobject (g_object_get, g_value_copy, closures) are bound to it and do not, so that truth
// is the count in each object, and events only say which calls they were.
//
// Nothing of GLib is linked or included: what is hooked is found when it is first called. The layout of a GObject,
// { class, 32-bit count, 32 bits of flags, qdata }, is what every release since 2.0 has.
#include <cstdarg>
#include <cstdint>

#include "runtime/core/recorder.h"
#include "runtime/events/glib_functions.h"
#include "runtime/events/gobject_types.h"
#include "runtime/events/history.h"
#include "runtime/events/live_references.h"

using namespace reftally::runtime;

namespace {

constexpr uint64_t kCountOffset = 8, kDataOffset = 16, kFloating = 2;  // the flag stands in the pointer to qdata

constexpr char kLibrary[] = "libgobject-2.0.so.0";

FunctionBehind<QueryType> query_type;

QueryType* query_for(const Registers& caller) noexcept {
  return query_type.get("g_type_query", caller.pc, nullptr, kLibrary);
}

// GLib answers calls with null or nonsense by a warning and looks no further than we do.
bool is_object(const void* object) noexcept {
  const auto address = reinterpret_cast<uint64_t>(object);
  return address >= 4096 && address % 8 == 0;
}

uint32_t count_of(const void* object) noexcept {
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(static_cast<const char*>(object) + kCountOffset),
                         __ATOMIC_RELAXED);
}

bool is_floating(const void* object) noexcept {
  return (__atomic_load_n(reinterpret_cast<const uint64_t*>(static_cast<const char*>(object) + kDataOffset),
                          __ATOMIC_RELAXED) &
          kFloating) != 0;
}

void* taken(void* object, const Registers& caller) noexcept {
  if (recording() && is_object(object)) {
    const bool in_history = learn_type_of(object, query_for(caller));
    tally_acquire(reinterpret_cast<uint64_t>(object), in_history, caller);
  }
  return object;
}

void give(const void* object, const Registers& caller) noexcept {
  if (recording() && is_object(object))
    tally_release(reinterpret_cast<uint64_t>(object), count_of(object) == 1,
                  history_is_kept && learn_type_of(object, query_for(caller)), caller);
}

void* born(void* object, const Registers& caller) noexcept {
  if (recording() && is_object(object)) {
    learn_type_of(object, query_for(caller));
    forget_earlier_object(reinterpret_cast<uint64_t>(object));
  }
  return object;
}

}  // namespace

// NAME is the program's; `function` the one behind it, of the same parameters.
#define HOOK(result, name, parameters)                \
  using name##_function = result parameters;          \
  static FunctionBehind<name##_function> name##_next; \
  extern "C" [[gnu::visibility("default"), gnu::noinline]] result name parameters
#define BEHIND(name) name##_next.get(#name, caller_registers().pc, reinterpret_cast<const void*>(&name), kLibrary)

HOOK(void*, g_object_ref, (void* object)) {
  auto* const function = BEHIND(g_object_ref);
  return function == nullptr ? object : taken(function(object), caller_registers());
}

// Of a floating object the one who sinks it gets the reference it was born with.
HOOK(void*, g_object_ref_sink, (void* object)) {
  auto* const function = BEHIND(g_object_ref_sink);
  if (function == nullptr) return object;
  const bool takes = is_object(object) && !is_floating(object);
  object = function(object);
  return takes ? taken(object, caller_registers()) : object;
}

HOOK(void, g_object_unref, (void* object)) {
  give(object, caller_registers());
  if (auto* const function = BEHIND(g_object_unref)) function(object);
}

HOOK(void, g_clear_object, (void** place)) {
  if (place != nullptr && *place != nullptr) give(*place, caller_registers());
  if (auto* const function = BEHIND(g_clear_object)) function(place);
}

HOOK(void, g_object_add_toggle_ref, (void* object, void* notify, void* data)) {
  auto* const function = BEHIND(g_object_add_toggle_ref);
  if (function == nullptr) return;
  function(object, notify, data);
  taken(object, caller_registers());
}

HOOK(void, g_object_remove_toggle_ref, (void* object, void* notify, void* data)) {
  give(object, caller_registers());
  if (auto* const function = BEHIND(g_object_remove_toggle_ref)) function(object, notify, data);
}

HOOK(void*, g_weak_ref_get, (void* weak)) {
  auto* const function = BEHIND(g_weak_ref_get);
  return function == nullptr ? nullptr : taken(function(weak), caller_registers());
}

HOOK(void*, g_value_dup_object, (const void* value)) {
  auto* const function = BEHIND(g_value_dup_object);
  return function == nullptr ? nullptr : taken(function(value), caller_registers());
}

// ---- objects are born

HOOK(void*, g_object_new_with_properties, (uint64_t type, unsigned count, const char** names, const void* values)) {
  auto* const function = BEHIND(g_object_new_with_properties);
  return function == nullptr ? nullptr : born(function(type, count, names, values), caller_registers());
}

HOOK(void*, g_object_newv, (uint64_t type, unsigned count, void* parameters)) {
  auto* const function = BEHIND(g_object_newv);
  return function == nullptr ? nullptr : born(function(type, count, parameters), caller_registers());
}

HOOK(void*, g_object_new_valist, (uint64_t type, const char* first, va_list arguments)) {
  auto* const function = BEHIND(g_object_new_valist);
  return function == nullptr ? nullptr : born(function(type, first, arguments), caller_registers());
}

// As GLib's own: a list of arguments cannot be handed on but as a va_list.
extern "C" [[gnu::visibility("default"), gnu::noinline]] void* g_object_new(uint64_t type, const char* first, ...) {
  auto* const function = BEHIND(g_object_new_valist);
  if (function == nullptr) return nullptr;
  va_list arguments;
  va_start(arguments, first);
  void* const object = function(type, first, arguments);
  va_end(arguments);
  return born(object, caller_registers());
}
