#include "analyzer/flavours/counted_object.h"

#include <algorithm>
#include <bit>

namespace reftally {

namespace {

constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15;  // Fibonacci hashing, Knuth 6.4

}  // namespace

void CountedObjects::build_index() {
  std::stable_sort(objects.begin(), objects.end(),
                   [](const CountedObject& a, const CountedObject& b) { return a.address < b.address; });
  const uint64_t slots = std::bit_ceil(objects.size() * 2 + 2);
  shift_ = 64 - std::countr_zero(slots);
  table_.assign(slots, 0);
  for (uint32_t i = 0; i < objects.size(); ++i) {
    uint64_t slot = objects[i].address * kMultiplier >> shift_;
    while (table_[slot]) slot = (slot + 1) & (slots - 1);
    table_[slot] = i + 1;
  }
}

uint32_t CountedObjects::at(uint64_t address) const {
  if (table_.empty()) return kNone;
  for (uint64_t slot = address * kMultiplier >> shift_; table_[slot]; slot = (slot + 1) & (table_.size() - 1)) {
    const uint32_t i = static_cast<uint32_t>(table_[slot] - 1);
    if (objects[i].address == address) return i;
  }
  return kNone;
}

}  // namespace reftally
