// What a dump leaves out, or could not find out: each becomes a note in it, so that no finding is believed too much.
#pragma once

#include <cstdint>

namespace reftally::runtime {

class Troubles {
 public:
  // Text that lasts; the same one is kept once.
  void add(const char* text) noexcept {
    for (const char* known : *this)
      if (known == text) return;
    if (count_ < kMost) texts_[count_++] = text;
  }
  const char* const* begin() const noexcept { return texts_; }
  const char* const* end() const noexcept { return texts_ + count_; }

 private:
  static constexpr uint32_t kMost = 16;  // more than there are texts
  const char* texts_[kMost];
  uint32_t count_ = 0;
};

}  // namespace reftally::runtime
