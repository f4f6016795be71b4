// Which words a dump keeps, and which of them point to vtables. See kTagWords in dump/format.h.
#pragma once

#include <cstdint>

#include "runtime/core/memory_map.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

class WordFilter {
 public:
  bool create() noexcept;
  void learn(const MemoryMap& map, const ModuleList& modules, bool keep_all) noexcept;

  bool keeps(uint64_t word) const noexcept {
    return is_small(static_cast<uint32_t>(word)) && is_small(static_cast<uint32_t>(word >> 32)) ? true
           : keep_all_                                                                          ? true
           : is_mapped(word & kAddressMask)
               ? true
               : has_low_mappings_ && (is_mapped(word & 0xffffffff) || is_mapped(word >> 32));
  }
  // Of a word that does not stand where pointers do: in a mapping, as it is.
  bool is_address(uint64_t word) const noexcept { return is_mapped(word); }
  uint64_t lowest_mapping() const noexcept { return lowest_; }
  // Notes the vtable behind a word that points into a module's data, once for each vtable.
  void look_for_vtable(uint64_t word) noexcept {
    if ((word & 7) == 0 && word < kAddressMask && is_set(module_cells_, word)) note_vtable(word);
  }
  void write_vtables(dump::Writer& writer) noexcept;

 private:
  static constexpr uint64_t kAddressMask = (1ull << 48) - 1;
  static constexpr uint32_t kCellShift = 21;  // 2 MiB: 8 MB of bits for the 47-bit address space
  static constexpr uint64_t kCells = 1ull << (47 - kCellShift);
  static constexpr uint32_t kMaxVtables = 1u << 18, kFirstSlots = 1u << 11, kMostSlots = 2 * kMaxVtables;

  static bool is_small(uint32_t half) noexcept { return half < (1u << 20) || half == ~0u; }
  static bool is_set(const uint64_t* cells, uint64_t address) noexcept {
    const uint64_t cell = address >> kCellShift;
    return cell < kCells && (cells[cell / 64] >> (cell % 64) & 1);
  }
  bool is_mapped(uint64_t address) const noexcept { return is_set(mapped_cells_, address); }
  static void set_range(uint64_t* cells, uint64_t begin, uint64_t end) noexcept;
  void note_vtable(uint64_t word) noexcept;
  uint64_t& slot_of(uint64_t word) noexcept;  // its own, or the empty one to be its
  void grow() noexcept;
  const char* type_name_behind(uint64_t vtable) const noexcept;  // nullptr when it is none

  bool keep_all_ = false;
  uint64_t lowest_ = 0;
  bool has_low_mappings_ = false;  // below 4 GiB, where programs may keep pointers in 32 bits (GHashTable does)
  uint64_t* mapped_cells_ = nullptr;
  uint64_t* module_cells_ = nullptr;
  // Open addressing: word met | 1 when it is a vtable (vtables are 8-aligned). The table of n slots begins at n; small
  // at first, for each page that a small process touches is a good part of its dump.
  uint64_t* vtables_ = nullptr;
  uint32_t slots_ = kFirstSlots, vtables_used_ = 0;
  const ModuleList* modules_ = nullptr;
};

}  // namespace reftally::runtime
