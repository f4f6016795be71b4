// The memory that a search for words reads: touched pages, without the agent's own and what lies below it on the stack.
#pragma once

#include "runtime/core/memory_map.h"
#include "runtime/core/system.h"
#include "runtime/python/touched_pages.h"

namespace reftally::python {

inline bool is_device(const runtime::Mapping& mapping) noexcept {  // or the kernel's, as [vvar] is
  return strncmp(mapping.path, "/dev/", 5) == 0 || strncmp(mapping.path, "[v", 2) == 0;
}

// Mappings are read from /proc after all our own memory is there. A module's .bss and an anonymous mapping after it
// may be one line of it: modules are told by their program headers, not by lines.
template <class Wanted, class Scan>
void scan_memory(const runtime::MemoryMap& map, Address stack_limit, Wanted wanted, Scan scan) noexcept {
  TouchedPages pages;
  for (uint32_t i = 0; i < map.count(); i++) {
    const runtime::Mapping& mapping = map[i];
    if (is_device(mapping) || (mapping.flags & dump::kMapRead) == 0 || !wanted(mapping)) continue;
    Address begin = mapping.begin;
    if (stack_limit >= mapping.begin && stack_limit < mapping.end) begin = (stack_limit + 7) & ~Address{7};
    for (Address page = begin & ~(kPage - 1); page < mapping.end; page += kPage) {
      if (const Address end = runtime::own_memory_end(page)) {
        page = end - kPage;
        continue;
      }
      if (pages.touched(page)) scan(page < begin ? begin : page, page + kPage);
    }
  }
}

}  // namespace reftally::python
