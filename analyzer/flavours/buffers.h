// Which words of a block without a type are in use. Containers leave stale words behind what they hold: a vector beyond
// its end, a deque before its front, a pool where objects have died. Nothing may be proved from those.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "analyzer/flavours/holders.h"
#include "analyzer/image/image.h"

namespace reftally {

class Buffers {
 public:
  Buffers(const Image& image, const Holders& holders);

  bool may_be_stale(uint32_t block, uint64_t at) const;

 private:
  using Ends = std::unordered_map<uint32_t, uint64_t>;
  static Ends find_ends(const Image& image);

  const Image& image_;
  const Holders& holders_;
  // By block: where a vector's elements end, told by its three words wherever they stand: begin, end and end of
  // storage. The least of several, for a vector that was destroyed may have left its words. Read when first asked for:
  // where types tell all, nobody does.
  mutable std::optional<Ends> ends_;
};

}  // namespace reftally
