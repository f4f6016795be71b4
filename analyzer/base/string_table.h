// Interned strings: equal strings have equal ids, id 0 is the empty string.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "analyzer/base/ids.h"

namespace reftally {

class StringTable {
 public:
  StringTable() { intern(""); }
  StringTable(const StringTable&) = delete;
  StringTable& operator=(const StringTable&) = delete;
  StringTable(StringTable&&) = default;
  StringTable& operator=(StringTable&&) = default;

  StringId intern(std::string_view text) {
    if (auto found = ids_.find(text); found != ids_.end()) return found->second;
    StringId id{static_cast<uint32_t>(texts_.size())};
    texts_.emplace_back(text);
    ids_.emplace(texts_.back(), id);
    return id;
  }
  std::string_view operator[](StringId id) const { return texts_[index(id)]; }
  size_t size() const { return texts_.size(); }

 private:
  std::deque<std::string> texts_;  // a deque keeps the keys of ids_ where they are
  std::unordered_map<std::string_view, StringId> ids_;
};

}  // namespace reftally
