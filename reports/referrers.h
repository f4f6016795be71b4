// Who has a reference to an object: asked of a few objects, answered in one pass over all references.
#pragma once

#include <unordered_map>
#include <vector>

#include "analyzer/heap/heap.h"
#include "reports/report.h"

namespace reftally {

class ReferrerTable {
 public:
  ReferrerTable(const Heap& heap, const std::vector<ObjectId>& objects);

  // The ones that pay come first, then by how many there are.
  std::vector<ReportHolder> of(ObjectId object) const;
  // References to the object, rows of Heap::referent in order.
  const std::vector<uint64_t>& references_to(ObjectId object) const;
  const std::vector<uint32_t>& roots_to(ObjectId object) const;  // rows of Heap::roots

 private:
  const Heap& heap_;
  std::unordered_map<uint32_t, std::vector<uint64_t>> references_;
  std::unordered_map<uint32_t, std::vector<uint32_t>> roots_;
};

}  // namespace reftally
