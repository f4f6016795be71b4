#include "runtime/events/history.h"

#include <sys/uio.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

#include "runtime/core/recorder.h"
#include "runtime/core/system.h"
#include "runtime/core/told_objects.h"

namespace reftally::runtime {

bool history_is_kept = false;

namespace {

constexpr uint64_t kKept = 1u << 18;
constexpr uint32_t kVtables = 1u << 10, kTypesSize = 1024, kNameSize = 512;

struct Slot {
  std::atomic<uint64_t> number;  // of the event, counted from 1; 0 while it is being written
  dump::HistoryEvent event;
};

Slot* slots = nullptr;
std::atomic<uint64_t> used{0};
char types[kTypesSize];
std::atomic<uint64_t> vtables[kVtables];  // first words met, which are multiples of 8; bit 0: of a type that is wanted

bool read_memory(uint64_t address, void* to, size_t size) noexcept {
  iovec into{to, size}, from{reinterpret_cast<void*>(address), size};
  return process_vm_readv(static_cast<pid_t>(current_process()), &into, 1, &from, 1, 0) == static_cast<ssize_t>(size);
}

// A name may end where its page does.
bool read_text(uint64_t address, char* to, size_t size) noexcept {
  for (size_t i = 0; i + 1 < size; i++) {
    if (!read_memory(address + i, to + i, 1)) return false;
    if (to[i] == '\0') return true;
  }
  return false;
}

// "N2ns7MessageE" against "ns::Message": the last names of the one are all names of the other.
bool ends_in(const char* mangled, const char* wanted, size_t wanted_length) noexcept {
  const char* names[16];
  size_t lengths[16], count = 0;
  while (*mangled != '\0' && strchr("PNKVRSt", *mangled) != nullptr) mangled++;
  while (*mangled >= '0' && *mangled <= '9' && count < 16) {
    const uint64_t length = parse_decimal(mangled);
    if (length == 0 || length > strlen(mangled)) return false;
    names[count] = mangled;
    lengths[count++] = length;
    mangled += length;
  }
  while (wanted_length != 0 && count != 0) {
    count--;
    const size_t length = lengths[count];
    if (length > wanted_length || memcmp(wanted + wanted_length - length, names[count], length) != 0) return false;
    wanted_length -= length;
    if (wanted_length == 0) return true;
    if (wanted_length < 2 || memcmp(wanted + wanted_length - 2, "::", 2) != 0) return false;
    wanted_length -= 2;
  }
  return false;
}

template <class Matches>  // matches(type, length)
bool any_type(Matches matches) noexcept {
  for (const char* type = types; *type != '\0';) {
    const size_t length = strcspn(type, ",");
    if (length != 0 && matches(type, length)) return true;
    type += length;
    if (*type == ',') type++;
  }
  return false;
}

bool is_wanted_class(uint64_t vtable) noexcept {
  uint64_t type_info = 0, name = 0;
  char mangled[kNameSize];
  if (!read_memory(vtable - 8, &type_info, 8) || type_info % 8 != 0 || !read_memory(type_info + 8, &name, 8) ||
      !read_text(name, mangled, sizeof mangled))
    return false;
  // of a control block the first template argument
  const char* const arguments = strstr(mangled, "_counted_") != nullptr || strstr(mangled, "shared_ptr") != nullptr
                                    ? strchr(mangled, 'I')
                                    : nullptr;
  const char* const text = arguments != nullptr ? arguments + 1 : mangled + (mangled[0] == '*');
  return any_type([&](const char* type, size_t length) { return ends_in(text, type, length); });
}

}  // namespace

bool prepare_history() noexcept {
  const char* const given = getenv("REFTALLY_HISTORY");
  if (given == nullptr || *given == '\0') return false;
  slots = static_cast<Slot*>(map_memory(kKept * sizeof(Slot)));
  Text(types, sizeof types).add(given);
  return history_is_kept = slots != nullptr;
}

bool is_in_history(uint64_t object) noexcept {
  if (is_told_in_history(object)) return true;
  if (recorder.restricted) return false;  // the reads above may be forbidden now
  uint64_t vtable;
  if (!read_memory(object, &vtable, sizeof vtable)) return false;  // a program may tell of any number
  if (vtable < 4096 || vtable % 8 != 0) return false;
  std::atomic<uint64_t>& known = vtables[vtable * 0x9E3779B97F4A7C15ull >> 54];
  const uint64_t there = known.load(std::memory_order_relaxed);
  if ((there & ~uint64_t{1}) == vtable) return (there & 1) != 0;
  const bool wanted = is_wanted_class(vtable);
  known.store(vtable | uint64_t{wanted}, std::memory_order_relaxed);
  return wanted;
}

bool is_in_history(const char* type_name) noexcept {
  return any_type([&](const char* type, size_t length) {
    return strlen(type_name) == length && memcmp(type, type_name, length) == 0;
  });
}

void add_history(uint32_t what, uint64_t object, uint64_t holder, uint64_t next_holder, uint32_t stack) noexcept {
  const uint64_t number = used.fetch_add(1, std::memory_order_relaxed);
  Slot& slot = slots[number % kKept];
  slot.number.store(0, std::memory_order_relaxed);
  slot.event = {object, holder, next_holder, real_time_ns(), stack, current_thread(), what, 0};
  slot.number.store(number + 1, std::memory_order_release);
}

uint64_t history_overwritten() noexcept {
  const uint64_t events = used.load(std::memory_order_relaxed);
  return events > kKept ? events - kKept : 0;
}

void write_history(dump::Writer& writer) noexcept {
  if (!history_is_kept) return;
  writer.begin(dump::kTagHistory, sizeof(dump::HistoryEvent));
  const uint64_t events = used.load(std::memory_order_relaxed);
  for (uint64_t number = history_overwritten(); number < events; number++) {
    const Slot& slot = slots[number % kKept];
    if (slot.number.load(std::memory_order_acquire) == number + 1) writer.add(slot.event);
  }
  writer.end();
}

}  // namespace reftally::runtime
