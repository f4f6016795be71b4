#include "runtime/events/gobject_types.h"

#include <atomic>

#include "runtime/core/system.h"
#include "runtime/events/history.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kMaxTypes = 1u << 13;  // a program with all of GTK and GStreamer has some 2,000
constexpr uint32_t kNameSize = 108;

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

}  // namespace

bool learn_type_of(const void* object, QueryType* query) noexcept {
  const auto* const type_class = *static_cast<const uint64_t* const*>(object);
  if (type_class == nullptr || query == nullptr) return false;
  bool is_new = false;
  Row* const row = row_of(*type_class, is_new);
  if (row == nullptr) return false;
  if (!is_new) return row->is_in_history.load(std::memory_order_relaxed);
  GTypeQuery answer{};
  query(*type_class, &answer);
  if (answer.name == nullptr) return false;
  Text(row->name, kNameSize).add(answer.name);
  row->is_in_history.store(history_is_kept && is_in_history(answer.name), std::memory_order_relaxed);
  row->instance_size.store(answer.instance_size, std::memory_order_release);
  return row->is_in_history.load(std::memory_order_relaxed);
}

void write_gobject_types(dump::Writer& writer) noexcept {
  const Row* const all = table.load();
  if (all == nullptr) return;
  writer.begin(dump::kTagGObjectTypes, sizeof(dump::GObjectType));
  for (uint32_t i = 0; i < kMaxTypes; i++) {
    const uint32_t size = all[i].instance_size.load(std::memory_order_acquire);
    if (size != 0) writer.add(dump::GObjectType{all[i].type.load(), size, 0, writer.string(all[i].name)});
  }
  writer.end();
}

}  // namespace reftally::runtime
