#include "analyzer/flavours/counts.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <vector>

#include "analyzer/base/huge_pages.h"

namespace reftally {

namespace {

enum class SlotKind : uint8_t { kStrong, kWeak, kConflicting };

class Classifier {
 public:
  Classifier(const CountedObjects& counted, const KnownReferences& known, std::span<Candidate> candidates)
      : candidates_(candidates) {
    group_by_object(counted, known);
  }

  void run() {
    for (uint32_t i = 0; i < candidates_.size(); ++i)
      if (candidates_[i].is_told && left_of(candidates_[i]).strong > 0) settle(i, ReferenceKind::kStrong, false);
    // Proofs of one object help others through shared slots; each round proves something or is the last.
    for (bool progress = true; progress;) {
      progress = false;
      for (uint32_t object = 0; object < remaining_.size(); ++object) progress |= prove(object);
      if (progress) continue;
      for (uint32_t object = 0; object < remaining_.size(); ++object) progress |= tell_own_words(object);
    }
    for (uint32_t object = 0; object < remaining_.size(); ++object) {
      settle_own_words(object);
      settle_stale_prone(object);
    }
  }

 private:
  struct Remaining {
    int64_t strong = 0, weak = 0;
  };

  // Objects that any candidate leads to have a row each: mostly they are few.
  void group_by_object(const CountedObjects& counted, const KnownReferences& known) {
    assign_column(row_of_, counted.objects.size(), uint32_t{0});
    std::vector<bool> is_led_to(counted.objects.size());
    for (const Candidate& candidate : candidates_) ++row_of_[candidate.counted];
    first_.push_back(0);
    for (size_t i = 0; i < row_of_.size(); ++i) {
      if (row_of_[i] == 0) continue;
      first_.push_back(first_.back() + row_of_[i]);
      row_of_[i] = static_cast<uint32_t>(remaining_.size());
      remaining_.push_back({counted.objects[i].strong, counted.objects[i].weak});
      is_led_to[i] = true;
    }
    known.for_each(counted, [&](uint32_t object, bool is_strong) {
      if (is_led_to[object]) --(is_strong ? remaining_[row_of_[object]].strong : remaining_[row_of_[object]].weak);
    });
    order_.resize(candidates_.size());
    std::vector<uint32_t> next(first_.begin(), first_.end() - 1);
    for (uint32_t i = 0; i < candidates_.size(); ++i) order_[next[row_of_[candidates_[i].counted]]++] = i;
  }

  Remaining& left_of(const Candidate& candidate) { return remaining_[row_of_[candidate.counted]]; }

  // Candidates of the object still open, of one reliability.
  std::vector<uint32_t>& open(uint32_t object, Trust trust) {
    scratch_.clear();
    for (uint32_t k = first_[object]; k < first_[object + 1]; ++k) {
      const Candidate& candidate = candidates_[order_[k]];
      if (candidate.trust == trust && !is_settled(candidate)) scratch_.push_back(order_[k]);
    }
    return scratch_;
  }

  static bool is_settled(const Candidate& candidate) {
    return candidate.kind != ReferenceKind::kAmbiguous || candidate.certainty == Certainty::kCounted;
  }

  void settle(uint32_t i, ReferenceKind kind, bool proves_slot) {
    Candidate& candidate = candidates_[i];
    candidate.kind = kind;
    candidate.certainty = kind == ReferenceKind::kRaw ? Certainty::kConservative : Certainty::kCounted;
    Remaining& left = left_of(candidate);
    if (kind == ReferenceKind::kStrong) --left.strong;
    if (kind == ReferenceKind::kWeak) --left.weak;
    if (!proves_slot || !candidate.slot || kind == ReferenceKind::kRaw) return;
    const SlotKind proved = kind == ReferenceKind::kStrong ? SlotKind::kStrong : SlotKind::kWeak;
    auto [slot, added] = slots_.try_emplace(candidate.slot, proved);
    if (!added && slot->second != proved) slot->second = SlotKind::kConflicting;
  }

  bool prove(uint32_t object) {
    bool progress = false;
    if (open(object, Trust::kLive).empty()) return false;
    for (uint32_t i : std::vector<uint32_t>(scratch_)) progress |= prove_by_slot(i);
    if (open(object, Trust::kLive).empty()) return progress;
    return prove_all(object) || prove_groups(object) || progress;
  }

  bool prove_by_slot(uint32_t i) {
    const auto slot = candidates_[i].slot ? slots_.find(candidates_[i].slot) : slots_.end();
    if (slot == slots_.end() || slot->second == SlotKind::kConflicting) return false;
    const Remaining& left = left_of(candidates_[i]);
    const bool strong = slot->second == SlotKind::kStrong;
    if ((strong ? left.strong : left.weak) <= 0) return false;
    settle(i, strong ? ReferenceKind::kStrong : ReferenceKind::kWeak, false);
    return true;
  }

  bool prove_all(uint32_t object) {
    const Remaining left = remaining_[object];
    const int64_t words = static_cast<int64_t>(scratch_.size());
    ReferenceKind kind;
    if (left.weak <= 0 && left.strong >= words) {
      kind = ReferenceKind::kStrong;
    } else if (left.strong <= 0 && left.weak >= words) {
      kind = ReferenceKind::kWeak;
    } else if (left.strong <= 0 && left.weak <= 0) {
      kind = ReferenceKind::kRaw;  // nothing left to pay with: stale
    } else {
      return false;
    }
    for (uint32_t i : std::vector<uint32_t>(scratch_)) settle(i, kind, true);
    return true;
  }

  bool prove_groups(uint32_t object) {
    const std::vector<uint32_t> words = by_slot(scratch_);
    bool progress = false;
    for (size_t begin = 0, end = 0; begin < words.size(); begin = end) {
      const uint64_t slot = candidates_[words[begin]].slot;
      while (end < words.size() && candidates_[words[end]].slot == slot) ++end;
      const int64_t size = static_cast<int64_t>(end - begin);
      const Remaining left = remaining_[object];
      if (!slot || (size > left.strong) == (size > left.weak)) continue;
      const ReferenceKind kind = size > left.strong ? ReferenceKind::kWeak : ReferenceKind::kStrong;
      for (size_t k = begin; k < end; ++k) settle(words[k], kind, true);
      progress = true;
    }
    return progress;
  }

  // Slots in order of their first word: the numbers of slots change from run to run.
  std::vector<uint32_t> by_slot(std::vector<uint32_t> words) const {
    std::unordered_map<uint64_t, uint32_t> rank;
    for (uint32_t i : words) rank.emplace(candidates_[i].slot, static_cast<uint32_t>(rank.size()));
    std::stable_sort(words.begin(), words.end(), [&](uint32_t a, uint32_t b) {
      return rank.at(candidates_[a].slot) < rank.at(candidates_[b].slot);
    });
    return words;
  }

  // A class with a word to itself has it of std::enable_shared_from_this: where there are as many such words as weak
  // units are left, and as many others as strong ones, each word has the kind it must have then. An object that
  // owns itself, and has besides a weak reference to it elsewhere, is taken for the same: it stays, either way.
  bool tell_own_words(uint32_t object) {
    if (!open(object, Trust::kBuffer).empty() || !open(object, Trust::kStack).empty()) return false;
    const std::vector<uint32_t> words = open(object, Trust::kLive);
    std::vector<uint32_t> own;
    std::copy_if(words.begin(), words.end(), std::back_inserter(own),
                 [&](uint32_t i) { return candidates_[i].is_own && candidates_[i].in_pair; });
    const Remaining left = remaining_[object];
    if (own.empty() || static_cast<int64_t>(own.size()) != left.weak) return false;
    if (static_cast<int64_t>(words.size() - own.size()) != left.strong) return false;
    for (uint32_t i : own) settle(i, ReferenceKind::kWeak, true);
    return true;
  }

  // Where nothing but an object's own words is left to hold it, and weak units can pay for all of them: those are
  // std::enable_shared_from_this's. Taken as strong, they would make a cycle of a lost release.
  void settle_own_words(uint32_t object) {
    std::vector<uint32_t> own;
    for (uint32_t k = first_[object]; k < first_[object + 1]; ++k) {
      const Candidate& candidate = candidates_[order_[k]];
      if (is_settled(candidate)) continue;
      if (!candidate.is_own) return;
      own.push_back(order_[k]);
    }
    if (static_cast<int64_t>(own.size()) > remaining_[object].weak) return;
    for (uint32_t i : own) {
      settle(i, ReferenceKind::kWeak, false);
      candidates_[i].certainty = Certainty::kConservative;
    }
  }

  // Words in buffers, on stacks and in registers. What the live words must take of S, they cannot have; and a word on
  // a stack is proved only where no buffer may hold what it seems to.
  void settle_stale_prone(uint32_t object) {
    const int64_t live_words = static_cast<int64_t>(open(object, Trust::kLive).size());
    const Remaining left = remaining_[object];
    const int64_t left_for_others = left.strong - std::max<int64_t>(0, live_words - std::max<int64_t>(0, left.weak));
    const std::vector<uint32_t> buffers = open(object, Trust::kBuffer);
    for (uint32_t i : buffers) {
      if (left_for_others <= 0) settle(i, ReferenceKind::kRaw, false);
    }
    const std::vector<uint32_t> words = settle_copies(open(object, Trust::kStack));
    const bool all_strong =
        live_words == 0 && buffers.empty() && left.weak <= 0 && static_cast<int64_t>(words.size()) <= left_for_others;
    // A lone address beside a whole shared_ptr may be a copy that a register left on the stack.
    const bool any_pair = std::any_of(words.begin(), words.end(), [&](uint32_t i) { return candidates_[i].in_pair; });
    for (uint32_t i : words) {
      if (left_for_others <= 0) settle(i, ReferenceKind::kRaw, false);
      if (all_strong && candidates_[i].in_pair == any_pair) settle(i, ReferenceKind::kStrong, false);
    }
  }

  // A register mostly has a copy of what stands on the stack: it pays for nothing then. Returns the others.
  std::vector<uint32_t> settle_copies(const std::vector<uint32_t>& words) {
    std::vector<uint32_t> in_memory;
    std::copy_if(words.begin(), words.end(), std::back_inserter(in_memory),
                 [&](uint32_t i) { return candidates_[i].at != 0; });
    if (in_memory.empty()) return words;
    for (uint32_t i : words) {
      if (candidates_[i].at == 0) settle(i, ReferenceKind::kRaw, false);
    }
    return in_memory;
  }

  std::span<Candidate> candidates_;
  std::vector<uint32_t> row_of_;  // by counted object
  std::vector<Remaining> remaining_;
  std::vector<uint32_t> first_, order_, scratch_;
  std::unordered_map<uint64_t, SlotKind> slots_;
};

}  // namespace

void classify_by_counts(const CountedObjects& counted, const KnownReferences& known, std::span<Candidate> candidates) {
  if (!candidates.empty()) Classifier(counted, known, candidates).run();
}

}  // namespace reftally
