#include "analyzer/flavours/counted_object.h"

#include <algorithm>

namespace reftally {

void CountedObjects::build_index() {
  auto by_address = [](const CountedObject& a, const CountedObject& b) { return a.address < b.address; };
  if (!std::is_sorted(objects.begin(), objects.end(), by_address))
    std::stable_sort(objects.begin(), objects.end(), by_address);
  addresses_.clear();
  addresses_.reserve(objects.size());
  size_t page_count = 0;
  uint64_t previous = ~uint64_t{0};
  for (const CountedObject& object : objects) {
    addresses_.push_back(object.address);
    page_count += PageTable::page_of(object.address) != previous;
    previous = PageTable::page_of(object.address);
  }
  pages_ = PageTable(page_count);
  for (uint32_t i = 0; i < addresses_.size(); ++i) pages_.add(PageTable::page_of(addresses_[i]), i);
}

uint32_t CountedObjects::at(uint64_t address) const {
  const PageTable::Rows rows = pages_.find(PageTable::page_of(address));
  const auto first = addresses_.begin() + rows.first;
  const auto found = std::lower_bound(first, first + rows.count, address);
  return found != first + rows.count && *found == address ? static_cast<uint32_t>(found - addresses_.begin()) : kNone;
}

}  // namespace reftally
