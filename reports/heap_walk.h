// The whole heap to walk: search, one object with its holders and what it holds, dominators, and a drawing of picked
// objects. Answers are JSON; each looks at a few hundred objects, or at all of one type.
#pragma once

#include <mutex>

#include "reports/build_report.h"
#include "reports/graphviz.h"
#include "reports/retention.h"

namespace reftally {

class HeapWalk {
 public:
  HeapWalk(const Analysis& analysis, FramesOf frames_of);

  std::string search(const std::string& query) const;  // an address, or words of a type's name
  std::string object(const std::string& id) const;
  std::string graph(const std::string& ids) const;  // "3,17,4": those objects and the references between them

 private:
  std::vector<ReportFrame> born_in(uint32_t object) const;
  uint32_t parse_id(const std::string& text) const;
  std::vector<uint32_t> best_of_type(uint32_t type) const;
  std::string dot_of(const std::vector<uint32_t>& objects) const;

  const Analysis& analysis_;
  const Heap& heap_;
  FramesOf frames_;
  Retention retention_;
  CsrOffsets by_type_;  // by type: objects
  std::vector<uint32_t> of_type_;
  CsrOffsets referrers_;  // by object: rows of Heap::referent
  std::vector<uint64_t> referrer_rows_;
  std::vector<uint64_t> entered_by_;  // by object: the row by which the shortest way from a root enters it
  mutable std::mutex frames_lock_;    // debug information is read, and kept, when it is first asked
  mutable std::mutex graphviz_lock_;
  mutable Graphviz graphviz_;
};

}  // namespace reftally
