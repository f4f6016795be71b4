#include "runtime/core/growing_memory.h"

#include "runtime/core/memory_limit.h"
#include "runtime/core/recorder.h"
#include "runtime/core/system.h"

namespace reftally::runtime::growing {

bool make_piece(Pieces& pieces, uint32_t number, uint64_t first, uint64_t bytes) noexcept {
  if (pieces.exhausted.load(std::memory_order_relaxed)) return false;
  const bool may = !recorder.restricted && leaves_enough_memory(bytes);  // mmap may be forbidden now
  void* const piece = may ? map_memory(bytes) : nullptr;
  if (piece == nullptr) {
    pieces.exhausted.store(true, std::memory_order_relaxed);
    return false;
  }
  uint64_t there = 0;
  const bool is_ours = pieces.bias[number].compare_exchange_strong(there, reinterpret_cast<uint64_t>(piece) - first,
                                                                   std::memory_order_acq_rel);
  if (!is_ours) unmap_memory(piece);
  return true;
}

}  // namespace reftally::runtime::growing
