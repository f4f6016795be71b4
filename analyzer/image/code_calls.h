// What a function calls, as its machine code has it, and what that calls, within one module. x86-64 only.
#pragma once

#include <string_view>
#include <unordered_set>
#include <vector>

#include "analyzer/image/module_code.h"
#include "analyzer/image/symbols.h"

namespace reftally {

// A call, or a jump that leaves its function. Addresses are without bias.
struct CodeCall {
  uint64_t address = 0;
  std::string_view import;           // of another module, where that is known
  const Symbol* function = nullptr;  // of this one; null where it has no symbol
  uint64_t target = 0;               // 0 by pointer
  bool is_by_pointer = false;
};

enum class CallAnswer : uint8_t { kPass, kFollow, kFound };  // kFollow: look into the function it leads to
enum class SearchResult : uint8_t { kNothing, kFound, kTooMuchCode };

// Where an instruction begins is not known: what looks like a call counts as one only when it leads to the begin of a
// function, or to a part of one that the compiler has set apart as cold.
class CodeCalls {
 public:
  CodeCalls(const ModuleCode& code, const Symbols& symbols, uint64_t bias)
      : code_(code), symbols_(symbols), bias_(bias) {}

  // Asks visit(call), which returns a CallAnswer, of each call in [begin, end), then of those in functions to follow.
  template <class Visit>
  SearchResult search(uint64_t begin, uint64_t end, Visit&& visit);
  template <class Visit>
  SearchResult search(const Symbol& function, Visit&& visit) {
    return search(function.address - bias_, function.address - bias_ + function.size, visit);
  }
  const Symbol* function_at(uint64_t address) const { return symbols_.function_at(address + bias_); }

 private:
  struct Range {
    uint64_t begin, end;
  };

  static constexpr size_t kMostCode = 64 << 10;  // bytes: a function that does more may do anything

  bool read_call(Code code, uint64_t address, CodeCall& call) const;
  void follow(const Symbol& function);

  const ModuleCode& code_;
  const Symbols& symbols_;
  uint64_t bias_;
  std::vector<Range> todo_;
  std::unordered_set<uint64_t> known_;  // functions, by begin
  uint64_t seen_ = 0;
};

template <class Visit>
SearchResult CodeCalls::search(uint64_t begin, uint64_t end, Visit&& visit) {
  todo_.assign(1, {begin, end});
  for (size_t next = 0; next < todo_.size(); ++next) {
    const Range range = todo_[next];
    const Code whole = code_.from(range.begin);
    if (whole.size() < range.end - range.begin || (seen_ += range.end - range.begin) > kMostCode)
      return SearchResult::kTooMuchCode;
    for (uint64_t at = range.begin; at + 2 <= range.end; ++at) {
      CodeCall call;
      if (!read_call(whole.subspan(at - range.begin, range.end - at), at, call)) continue;
      const CallAnswer answer = visit(call);
      if (answer == CallAnswer::kFound) return SearchResult::kFound;
      if (answer == CallAnswer::kFollow && call.function) follow(*call.function);
    }
  }
  return SearchResult::kNothing;
}

}  // namespace reftally
