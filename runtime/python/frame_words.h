// Words in the memory of frames that no walk tells. A frame has room for the values that its code may have in hand at
// once, its evaluation stack, and nothing is erased there when a value is taken. So what a frame that has returned has
// there is dead, and so are frames that are kept for the next call; what a frame under way has there may be held.
#pragma once

#include "runtime/python/walk.h"

namespace reftally::python {

class FrameWords {
 public:
  struct Range {
    Address begin, end;
    uint32_t frame;  // index of its object in the walk
  };

  // Call when all objects are known.
  void find(const Walk& walk) noexcept;

  // Of frames that have returned, or that wait for the next call.
  const Column<Range>& dead() const noexcept { return dead_; }
  bool is_dead(Address place) const noexcept;
  // Of frames under way, where the walk cannot tell how much of it is in use: before 3.11. Later ones are no objects.
  const Column<Range>& in_hand() const noexcept { return in_hand_; }

 private:
  void add_objects(const Walk& walk) noexcept;
  void add_frame(Address frame, uint32_t index) noexcept;
  void add_kept(Address frame) noexcept;
  void add_free_list(Address state) noexcept;
  void add_returned(Address thread) noexcept;

  Column<Range> dead_, in_hand_;  // dead_: by address
};

}  // namespace reftally::python
