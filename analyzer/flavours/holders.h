// Holders: the objects of the heap to be, while it is still being decided which block belongs to which.
// Ids: [0, counted) are the counted objects, then one for each block (it keeps its id when nobody else takes the
// block), then those added for the storage of variables.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analyzer/flavours/counted_object.h"
#include "analyzer/image/image.h"

namespace reftally {

using HolderId = uint32_t;
inline constexpr HolderId kNoHolder = 0xffffffff;

class Holders {
 public:
  Holders(const Image& image, const CountedObjects& counted);

  HolderId block_begun_by(HolderId counted) const;  // what is left of a block that holds others too; else kNoHolder
  HolderId at(uint64_t pointer) const;              // kNoHolder when it points into no block
  HolderId in_block(uint32_t block, uint64_t pointer) const;  // pointer lies in block
  HolderId own_id(uint32_t block) const { return counted_count_ + block; }
  HolderId current(HolderId holder) const;  // after blocks have changed hands

  bool is_counted(HolderId holder) const { return holder < counted_count_; }
  bool is_block(HolderId holder) const { return holder >= counted_count_ && holder < first_extra_; }
  uint32_t block_of(HolderId holder) const { return holder - counted_count_; }
  bool is_free(uint32_t block) const { return owner_[block] == own_id(block); }  // nobody has taken it
  bool is_carved(uint32_t block) const { return owner_[block] == kCarved; }
  bool any_carved() const { return !carved_.empty(); }
  void give(uint32_t block, HolderId holder);  // block must be free

  HolderId add_extra();  // a holder of its own, for the storage of a variable
  HolderId first_extra() const { return first_extra_; }
  uint32_t count() const { return first_extra_ + extra_count_; }
  uint32_t counted_count() const { return counted_count_; }
  HolderId owner(uint32_t block) const { return owner_[block]; }  // kCarved: ask at()

 private:
  static constexpr HolderId kCarved = 0xfffffffe;  // several counted objects share the block

  const Image& image_;
  const CountedObjects& counted_;
  uint32_t counted_count_, first_extra_, extra_count_ = 0;
  std::vector<HolderId> owner_;  // by block
  struct Range {
    uint32_t first, last;  // counted objects of one block
  };
  std::unordered_map<uint32_t, Range> carved_;  // by block
};

}  // namespace reftally
