// An earlier snapshot of the same process. One snapshot cannot tell a lost release from a reference that C code keeps
// where nobody can see it; what has grown since can.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/graph/reference_graph.h"

namespace reftally {

// Words found for each object that may be references and pay for nothing ("strong or weak", from heap and roots).
std::vector<uint32_t> count_candidate_words(const Heap& heap);

class Earlier {
 public:
  Earlier(const Heap& heap, const Accounts& accounts);

  // References of `object` that nobody holds and nobody held then; `words` from count_candidate_words.
  int64_t lost_since(const Heap& heap, const Accounts& accounts, const std::vector<uint32_t>& words,
                     ObjectId object) const;
  bool has(const Heap& heap, ObjectId object) const;  // the same object: address and type

 private:
  struct Row {
    std::string type;
    int64_t remainder;
    uint32_t words;
  };
  const Row* find(const Heap& heap, ObjectId object) const;

  std::unordered_map<uint64_t, Row> rows_;  // by address; counted objects
};

}  // namespace reftally
