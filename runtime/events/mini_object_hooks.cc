// GstMiniObject, which GStreamer's buffers, caps, events, messages, queries and samples are: which calls take and give
// back references, which types there are. As for GObject (gobject_hooks.cc): calls inside libgstreamer are bound to it
// and tell nothing, so that truth is the count in each object. Its layout { type, 32-bit count, … } is part of
// GStreamer 1's ABI; nothing of GStreamer is linked or included.
#include <atomic>
#include <cstdint>

#include "runtime/core/recorder.h"
#include "runtime/events/glib_functions.h"
#include "runtime/events/gobject_types.h"
#include "runtime/events/live_references.h"

using namespace reftally::runtime;

namespace {

constexpr uint64_t kCountOffset = 8;
constexpr char kLibrary[] = "libgstreamer-1.0.so.0", kTypeLibrary[] = "libgobject-2.0.so.0";

FunctionBehind<TypeName> type_name;
FunctionBehind<TypeFromName> type_from_name;
std::atomic<bool> knows_memory{false};

bool is_object(const void* object) noexcept {
  const auto address = reinterpret_cast<uint64_t>(object);
  return address >= 4096 && address % 8 == 0;
}

uint32_t count_of(const void* object) noexcept {
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(static_cast<const char*>(object) + kCountOffset),
                         __ATOMIC_RELAXED);
}

// A buffer's memory is held and given back inside libgstreamer alone: it is never met here.
void learn_memory(const Registers& caller) noexcept {
  auto* const function = type_from_name.get("g_type_from_name", caller.pc, nullptr, kTypeLibrary);
  if (function == nullptr || knows_memory.exchange(true)) return;
  learn_mini_type(function("GstMemory"), "GstMemory");
}

bool learn(const void* object, const Registers& caller) noexcept {
  if (!knows_memory.load(std::memory_order_relaxed)) learn_memory(caller);
  return learn_mini_type_of(object, type_name.get("g_type_name", caller.pc, nullptr, kTypeLibrary));
}

void taken(const void* object, const Registers& caller) noexcept {
  if (recording() && is_object(object))
    tally_acquire(reinterpret_cast<uint64_t>(object), learn(object, caller), caller);
}

void give(const void* object, const Registers& caller) noexcept {
  if (!recording() || !is_object(object)) return;
  const bool in_history = learn(object, caller);
  tally_release(reinterpret_cast<uint64_t>(object), count_of(object) == 1, in_history, caller);
}

// What a place held, which another thread may give back at the same time.
void give_old(void* const* place, const void* next, const Registers& caller) noexcept {
  const void* const old = place != nullptr ? *place : nullptr;
  if (old == next || !recording() || !is_object(old)) return;
  tally_release(reinterpret_cast<uint64_t>(old), count_of(old) == 1, is_mini_type_in_history(old), caller);
}

}  // namespace

#define HOOK(result, name, parameters)                \
  using name##_function = result parameters;          \
  static FunctionBehind<name##_function> name##_next; \
  extern "C" [[gnu::visibility("default"), gnu::noinline]] result name parameters
#define BEHIND(name) name##_next.get(#name, caller_registers().pc, reinterpret_cast<const void*>(&name), kLibrary)

HOOK(void*, gst_mini_object_ref, (void* object)) {
  auto* const function = BEHIND(gst_mini_object_ref);
  if (function == nullptr) return object;
  object = function(object);
  taken(object, caller_registers());
  return object;
}

HOOK(void, gst_mini_object_unref, (void* object)) {
  auto* const function = BEHIND(gst_mini_object_unref);
  if (function == nullptr) return;
  give(object, caller_registers());
  function(object);
}

// Takes one of the new, and gives back one of the old, when they differ.
HOOK(int, gst_mini_object_replace, (void** place, void* object)) {
  auto* const function = BEHIND(gst_mini_object_replace);
  if (function == nullptr) return 0;
  give_old(place, object, caller_registers());
  if (place != nullptr && *place != object && object != nullptr) taken(object, caller_registers());
  return function(place, object);
}

// The caller's reference goes to the place; that of the old one is given back.
HOOK(int, gst_mini_object_take, (void** place, void* object)) {
  auto* const function = BEHIND(gst_mini_object_take);
  if (function == nullptr) return 0;
  give_old(place, object, caller_registers());
  return function(place, object);
}

// Gives back the caller's reference where it makes a copy.
HOOK(void*, gst_mini_object_make_writable, (void* object)) {
  auto* const function = BEHIND(gst_mini_object_make_writable);
  if (function == nullptr) return object;
  void* const writable = function(object);
  if (writable != object && writable != nullptr && recording() && is_object(writable)) {
    // The original has lost one inside libgstreamer; it may be gone, so that nothing of it is read.
    tally_release(reinterpret_cast<uint64_t>(object), false, false, caller_registers());
    forget_earlier_object(reinterpret_cast<uint64_t>(writable));
    learn(writable, caller_registers());
  }
  return writable;
}
