#include "analyzer/flavours/counted_object.h"

#include <algorithm>

namespace reftally {

void CountedObjects::build_index() {
  auto by_address = [](const CountedObject& a, const CountedObject& b) { return a.address < b.address; };
  if (!std::is_sorted(objects.begin(), objects.end(), by_address))
    std::stable_sort(objects.begin(), objects.end(), by_address);
  ranks_ = AddressRanks();
  for (const CountedObject& object : objects) ranks_.add(object.address, object.address);
}

uint32_t CountedObjects::at(uint64_t address) const {
  const AddressRanks::Page* page = ranks_.page(address);
  if (!page || !page->is_start(address)) return kNone;
  if (!page->is_uneven && !page->is_crowded) return address % 16 == 0 ? page->rank(address) - 1 : kNone;
  const auto first = objects.begin() + page->before;
  const auto last = first + std::min<ptrdiff_t>(objects.end() - first, ptrdiff_t{1} << AddressRanks::kPageBits);
  const auto found = std::lower_bound(first, last, address,
                                      [](const CountedObject& object, uint64_t a) { return object.address < a; });
  return found != last && found->address == address ? static_cast<uint32_t>(found - objects.begin()) : kNone;
}

}  // namespace reftally
