#include "runtime/core/told_types.h"

#include <cstring>

#include "runtime/core/system.h"
#include "runtime/events/history.h"

namespace reftally::runtime {
namespace {

std::atomic<ToldTypeRow*> table{nullptr};

ToldTypeRow* rows() noexcept {
  ToldTypeRow* known = table.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  auto* fresh = static_cast<ToldTypeRow*>(map_memory(kMaxToldTypes * sizeof(ToldTypeRow)));
  // Where two threads come at once, one of them has mapped for nothing: untouched, and once a process.
  return fresh == nullptr || table.compare_exchange_strong(known, fresh) ? fresh : known;
}

bool is_possible(const reftally_type& type) noexcept {
  const size_t size = type.count_size;
  const bool is_integer = size == 1 || size == 2 || size == 4 || size == 8;
  constexpr size_t kLargest = 1u << 30;
  return type.struct_size >= sizeof(reftally_type) && type.name != nullptr && is_integer &&
         type.count_shift < 8 * size && type.count_offset < kLargest && type.size < kLargest &&
         (type.size == 0 || type.count_offset + size <= type.size);
}

bool is_possible(const reftally_field& field) noexcept {
  constexpr size_t kLargest = 1u << 30;
  return field.kind >= REFTALLY_STRONG && field.kind <= REFTALLY_OWNED && field.array <= REFTALLY_ALLOCATED &&
         field.offset < kLargest && field.stride < kLargest && field.element_offset < kLargest &&
         field.length_offset < kLargest && field.length_size <= 8;
}

void copy(const reftally_type& type, ToldTypeRow& row) noexcept {
  row.told = type;
  Text(row.name, kToldNameSize).add(type.name);
  row.is_in_history = history_is_kept && is_in_history(row.name);
  row.is_incomplete = (type.field_count == 0 && type.visitor == nullptr) || type.field_count > kMaxToldFields;
  row.told.field_count = 0;
  for (size_t i = 0; i < type.field_count && i < kMaxToldFields; i++) {
    if (!is_possible(type.fields[i])) {
      row.is_incomplete = true;
      continue;
    }
    ToldTypeRow::Field& field = row.fields[row.told.field_count++];
    field.told = type.fields[i];
    Text(field.name, kToldNameSize).add(type.fields[i].name != nullptr ? type.fields[i].name : "");
  }
}

dump::ToldField record_of(const ToldTypeRow::Field& field, dump::Writer& writer) noexcept {
  const reftally_field& told = field.told;
  dump::ToldField record{};
  record.name = writer.string(field.name);
  record.kind = static_cast<dump::ToldFieldKind>(told.kind);
  record.array = static_cast<dump::ToldFieldArray>(told.array);
  record.offset = static_cast<uint32_t>(told.offset);
  record.stride = told.stride != 0 ? static_cast<uint32_t>(told.stride) : sizeof(void*);
  record.element_offset = static_cast<uint32_t>(told.element_offset);
  record.length_offset = static_cast<uint32_t>(told.length_offset);
  record.length_size = static_cast<uint32_t>(told.length_size);
  record.length = told.length;
  return record;
}

}  // namespace

int64_t ToldTypeRow::count_of(uint64_t object) const noexcept {
  uint64_t raw = 0;
  memcpy(&raw, reinterpret_cast<const void*>(object + told.count_offset), told.count_size);
  return static_cast<int64_t>(raw >> told.count_shift) + told.count_bias;
}

uint32_t told_type_number(const reftally_type* type) noexcept {
  ToldTypeRow* const all = rows();
  if (all == nullptr) return 0;
  uint64_t at = reinterpret_cast<uint64_t>(type) * 0x9E3779B97F4A7C15ull >> 40;
  for (uint32_t tries = 0; tries < kMaxToldTypes; tries++, at++) {
    const auto number = static_cast<uint32_t>(at & (kMaxToldTypes - 1));
    ToldTypeRow& row = all[number];
    const reftally_type* there = row.type.load(std::memory_order_relaxed);
    if (there == type) return number + 1;
    if (there != nullptr) continue;
    if (!is_possible(*type)) return 0;
    if (!row.type.compare_exchange_strong(there, type)) {
      if (there == type) return number + 1;
      continue;
    }
    copy(*type, row);
    row.is_whole.store(true, std::memory_order_release);
    return number + 1;
  }
  return 0;
}

ToldTypeRow* told_type(uint32_t number) noexcept {
  ToldTypeRow* const all = table.load(std::memory_order_acquire);
  if (all == nullptr || number == 0 || number > kMaxToldTypes) return nullptr;
  ToldTypeRow* const row = all + number - 1;
  return row->is_whole.load(std::memory_order_acquire) ? row : nullptr;
}

void write_told_types(dump::Writer& writer) noexcept {
  if (table.load() == nullptr) return;
  writer.begin(dump::kTagToldFields, sizeof(dump::ToldField));
  for (uint32_t number = 1; number <= kMaxToldTypes; number++)
    if (const ToldTypeRow* row = told_type(number))
      for (size_t i = 0; i < row->told.field_count; i++) writer.add(record_of(row->fields[i], writer));
  writer.end();
  uint32_t field = 0;
  writer.begin(dump::kTagToldTypes, sizeof(dump::ToldType));
  for (uint32_t number = 1; number <= kMaxToldTypes; number++) {
    dump::ToldType record{};
    if (const ToldTypeRow* row = told_type(number)) {
      record.size = row->told.size;
      record.finalizer = reinterpret_cast<uint64_t>(row->told.finalizer);
      record.name = writer.string(row->name);
      record.first_field = field;
      record.field_count = static_cast<uint32_t>(row->told.field_count);
      record.flags = row->is_incomplete ? dump::kToldIncomplete : 0;
      field += record.field_count;
    }
    writer.add(record);
  }
  writer.end();
}

}  // namespace reftally::runtime
