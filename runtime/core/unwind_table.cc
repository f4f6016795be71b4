#include "runtime/core/unwind_table.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>

#include <cstring>

namespace reftally::runtime {
namespace {

// Linux Standard Base, section 10.6.2: .eh_frame_hdr. Every linker of today writes these encodings and no others.
struct TableHeader {
  uint8_t version;
  uint8_t frame_pointer_encoding;
  uint8_t count_encoding;
  uint8_t table_encoding;
  int32_t frame_pointer;
  uint32_t count;
};
constexpr uint8_t kPcRelative4 = 0x1b;     // DW_EH_PE_pcrel | DW_EH_PE_sdata4
constexpr uint8_t kUnsigned4 = 0x03;       // DW_EH_PE_udata4
constexpr uint8_t kTableRelative4 = 0x3b;  // DW_EH_PE_datarel | DW_EH_PE_sdata4

struct TableRow {  // by function; both relative to the header
  int32_t function, entry;
};

}  // namespace

FrameDescription find_frame_description(uint64_t pc) noexcept {
  dl_find_object object{};
  if (_dl_find_object(reinterpret_cast<void*>(pc), &object) != 0 || object.dlfo_eh_frame == nullptr) return {};
  const auto* base = static_cast<const uint8_t*>(object.dlfo_eh_frame);
  TableHeader header;
  memcpy(&header, base, sizeof header);
  if (header.version != 1 || header.frame_pointer_encoding != kPcRelative4 || header.count_encoding != kUnsigned4 ||
      header.table_encoding != kTableRelative4)
    return {};
  const auto* rows = reinterpret_cast<const TableRow*>(base + sizeof header);
  const auto wanted = static_cast<int64_t>(pc - reinterpret_cast<uint64_t>(base));
  uint32_t low = 0, high = header.count;  // the last row that begins at or before pc is the one before `low`
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (rows[middle].function <= wanted)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0) return {};
  const TableRow& row = rows[low - 1];
  return {base + row.entry, reinterpret_cast<uint64_t>(base) + static_cast<uint64_t>(int64_t{row.function})};
}

bool is_in_c_library(uint64_t pc) noexcept {
  dl_find_object object{};
  if (_dl_find_object(reinterpret_cast<void*>(pc), &object) != 0) return false;
  const auto known = reinterpret_cast<uint64_t>(&gnu_get_libc_version);  // programs hardly ever have one of their own
  return known - reinterpret_cast<uint64_t>(object.dlfo_map_start) <
         reinterpret_cast<uint64_t>(object.dlfo_map_end) - reinterpret_cast<uint64_t>(object.dlfo_map_start);
}

}  // namespace reftally::runtime
