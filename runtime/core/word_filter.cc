#include "runtime/core/word_filter.h"

#include <elf.h>

#include <cstring>

#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr size_t kMaxTypeName = 8192;

uint64_t load(uint64_t address) noexcept {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

// A mangled type begins with a length, N, S, P, … and holds printable characters only.
bool is_type_name(const char* text, uint64_t room) noexcept {
  if (room > kMaxTypeName) room = kMaxTypeName;
  if (room == 0) return false;
  const char first = text[0];
  if (!((first >= '0' && first <= '9') || (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z')))
    return false;
  for (uint64_t i = 0; i < room; i++) {
    if (text[i] == '\0') return i >= 2;
    if (text[i] <= ' ' || text[i] > '~') return false;
  }
  return false;
}

}  // namespace

bool WordFilter::create() noexcept {
  mapped_cells_ = static_cast<uint64_t*>(map_memory(kCells / 8));
  module_cells_ = static_cast<uint64_t*>(map_memory(kCells / 8));
  vtables_ = static_cast<uint64_t*>(map_memory(2 * kMostSlots * sizeof(uint64_t)));
  return mapped_cells_ != nullptr && module_cells_ != nullptr && vtables_ != nullptr;
}

void WordFilter::set_range(uint64_t* cells, uint64_t begin, uint64_t end) noexcept {
  for (uint64_t cell = begin >> kCellShift; cell <= (end - 1) >> kCellShift && cell < kCells; cell++)
    cells[cell / 64] |= 1ull << (cell % 64);
}

void WordFilter::learn(const MemoryMap& map, const ModuleList& modules, bool keep_all) noexcept {
  keep_all_ = keep_all;
  modules_ = &modules;
  lowest_ = map.count() != 0 ? map[0].begin : 0;
  has_low_mappings_ = lowest_ >> 32 == 0;
  for (uint32_t i = 0; i < map.count(); i++)
    if (map[i].end - map[i].begin < (1ull << 40)) set_range(mapped_cells_, map[i].begin, map[i].end);
  for (uint32_t i = 0; i < modules.segment_count(); i++)
    if (modules.segment(i).type == PT_LOAD && modules.segment(i).end > modules.segment(i).begin)
      set_range(module_cells_, modules.segment(i).begin, modules.segment(i).end);
}

// Itanium C++ ABI 2.5 and 2.9.3: the word before a vtable's address point is the type_info, whose second word is the
// name.
const char* WordFilter::type_name_behind(uint64_t vtable) const noexcept {
  const Segment* segment = modules_->loaded_segment(vtable);
  if (segment == nullptr || vtable - 8 < segment->begin || vtable + 8 > segment->end) return nullptr;
  const uint64_t type_info = load(vtable - 8);
  if (type_info % 8 != 0) return nullptr;
  segment = modules_->loaded_segment(type_info);
  if (segment == nullptr || type_info + 16 > segment->end) return nullptr;
  if (modules_->loaded_segment(load(type_info)) == nullptr) return nullptr;  // type_info has a vtable itself
  uint64_t name = load(type_info + 8);
  segment = modules_->loaded_segment(name);
  if (segment == nullptr) return nullptr;
  auto* text = reinterpret_cast<const char*>(name);
  if (*text == '*') text++, name++;  // a name that is compared by address only
  return is_type_name(text, segment->end - name) ? text : nullptr;
}

uint64_t& WordFilter::slot_of(uint64_t word) noexcept {
  for (uint64_t i = word * 0x9E3779B97F4A7C15ull >> 40;; i++) {
    uint64_t& slot = vtables_[slots_ + (i & (slots_ - 1))];
    if (slot == 0 || (slot & ~uint64_t{1}) == word) return slot;
  }
}

void WordFilter::note_vtable(uint64_t word) noexcept {
  uint64_t& slot = slot_of(word);
  if (slot != 0) return;
  if (vtables_used_ == kMaxVtables) return;  // 262,144 distinct words into modules: more than any program has vtables
  vtables_used_++;
  slot = word | (type_name_behind(word) != nullptr ? 1 : 0);
  if (vtables_used_ > slots_ / 2) grow();
}

void WordFilter::grow() noexcept {
  const uint64_t* const before = vtables_ + slots_;
  const uint32_t count = slots_;
  slots_ *= 2;
  for (uint32_t i = 0; i < count; i++)
    if (before[i] != 0) slot_of(before[i] & ~uint64_t{1}) = before[i];
}

void WordFilter::write_vtables(dump::Writer& writer) noexcept {
  writer.begin(dump::kTagVtables, sizeof(dump::VtableRecord));
  for (uint32_t i = slots_; i < 2 * slots_; i++) {
    if ((vtables_[i] & 1) == 0) continue;
    const uint64_t vtable = vtables_[i] & ~uint64_t{1};
    writer.add(dump::VtableRecord{vtable, writer.string(type_name_behind(vtable))});
  }
  writer.end();
}

}  // namespace reftally::runtime
