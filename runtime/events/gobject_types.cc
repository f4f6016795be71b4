#include "runtime/events/gobject_types.h"

#include <atomic>

#include "runtime/core/system.h"
#include "runtime/events/history.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kMaxTypes = 1u << 13;  // a program with all of GTK and GStreamer has some 2,000
constexpr uint32_t kNameSize = 108;
constexpr uint32_t kMiniObject = ~0u;  // for a size

struct Row {
  std::atomic<uint64_t> type;           // 0: free; set before the rest is there
  std::atomic<uint32_t> instance_size;  // set when the row is whole
  std::atomic<bool> is_in_history;
  char name[kNameSize];
};

std::atomic<Row*> table{nullptr};

Row* rows() noexcept {
  Row* known = table.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  auto* fresh = static_cast<Row*>(map_memory(kMaxTypes * sizeof(Row)));
  // Where two threads come at once, one of them has mapped for nothing: untouched, and once a process.
  return fresh == nullptr || table.compare_exchange_strong(known, fresh) ? fresh : known;
}

Row* known_row_of(uint64_t type) noexcept {
  Row* const all = table.load(std::memory_order_acquire);
  uint64_t at = type * 0x9E3779B97F4A7C15ull >> 40;
  for (uint32_t tries = 0; all != nullptr && tries < kMaxTypes / 2; tries++, at++) {
    Row& row = all[at & (kMaxTypes - 1)];
    const uint64_t there = row.type.load(std::memory_order_relaxed);
    if (there == type) return &row;
    if (there == 0) break;
  }
  return nullptr;
}

// The row of a type, claimed by the caller when `is_new`; nullptr when the table is full.
Row* row_of(uint64_t type, bool& is_new) noexcept {
  Row* const all = rows();
  if (all == nullptr) return nullptr;
  uint64_t at = type * 0x9E3779B97F4A7C15ull >> 40;
  for (uint32_t tries = 0; tries < kMaxTypes / 2; tries++, at++) {
    Row& row = all[at & (kMaxTypes - 1)];
    uint64_t there = row.type.load(std::memory_order_relaxed);
    is_new = there == 0 && row.type.compare_exchange_strong(there, type);
    if (is_new || there == type) return &row;
  }
  return nullptr;
}

bool fill(Row& row, const char* name, uint32_t instance_size) noexcept {
  Text(row.name, kNameSize).add(name);
  row.is_in_history.store(history_is_kept && is_in_history(name), std::memory_order_relaxed);
  row.instance_size.store(instance_size, std::memory_order_release);
  return row.is_in_history.load(std::memory_order_relaxed);
}

}  // namespace

bool is_mini_type_in_history(const void* object) noexcept {
  const Row* const row = history_is_kept ? known_row_of(*static_cast<const uint64_t*>(object)) : nullptr;
  return row != nullptr && row->is_in_history.load(std::memory_order_relaxed);
}

bool learn_mini_type_of(const void* object, TypeName* name_of) noexcept {
  const uint64_t type = *static_cast<const uint64_t*>(object);
  bool is_new = false;
  Row* const row = type != 0 && name_of != nullptr ? row_of(type, is_new) : nullptr;
  if (row == nullptr) return false;
  if (!is_new) return row->is_in_history.load(std::memory_order_relaxed);
  const char* const name = name_of(type);
  return name != nullptr && fill(*row, name, kMiniObject);
}

void learn_mini_type(uint64_t type, const char* name) noexcept {
  bool is_new = false;
  Row* const row = type != 0 ? row_of(type, is_new) : nullptr;
  if (row != nullptr && is_new) fill(*row, name, kMiniObject);
}

bool learn_type_of(const void* object, QueryType* query) noexcept {
  const auto* const type_class = *static_cast<const uint64_t* const*>(object);
  if (type_class == nullptr || query == nullptr) return false;
  bool is_new = false;
  Row* const row = row_of(*type_class, is_new);
  if (row == nullptr) return false;
  if (!is_new) return row->is_in_history.load(std::memory_order_relaxed);
  GTypeQuery answer{};
  query(*type_class, &answer);
  return answer.name != nullptr && fill(*row, answer.name, answer.instance_size);
}

void write_gobject_types(dump::Writer& writer) noexcept {
  const Row* const all = table.load();
  if (all == nullptr) return;
  writer.begin(dump::kTagGObjectTypes, sizeof(dump::GObjectType));
  for (uint32_t i = 0; i < kMaxTypes; i++) {
    const uint32_t size = all[i].instance_size.load(std::memory_order_acquire);
    if (size != 0 && size != kMiniObject)
      writer.add(dump::GObjectType{all[i].type.load(), size, 0, writer.string(all[i].name)});
  }
  writer.end();
  writer.begin(dump::kTagMiniObjects, sizeof(dump::MiniObjectType));
  for (uint32_t i = 0; i < kMaxTypes; i++)
    if (all[i].instance_size.load(std::memory_order_acquire) == kMiniObject)
      writer.add(dump::MiniObjectType{all[i].type.load(), writer.string(all[i].name)});
  writer.end();
}

}  // namespace reftally::runtime
