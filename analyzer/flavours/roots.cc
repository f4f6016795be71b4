#include "analyzer/flavours/roots.h"

#include <algorithm>
#include <array>
#include <optional>

#include "runtime/core/glibc_layout.h"

namespace reftally {

namespace {

using dump::RegionKind;

struct Range {
  uint64_t begin, end;
  bool contains(uint64_t address) const { return address >= begin && address < end; }
};

// glibc's malloc_state holds pointers to chunk headers, which lie in the last bytes of the block before when its
// size is 8 mod 16: roots that keep alive what nobody holds. It is told by its bins (research/native.md H6): pairs in a
// row none of whose words is 0, many of them empty and pointing at themselves. An empty std::map does that too, beside
// words that are 0: of doxygen's forty static ones came 177 lost blocks.
class MallocStateSearch {
 public:
  void look_at(uint64_t at, uint64_t word) {
    if (word == 0 || at != end_) {
      end_of_run();
      begin_ = at;
      empty_bins_ = 0;
    }
    empty_bins_ += word == at - 24 && word == previous_;
    previous_ = word;
    end_ = at + 8;
  }

  std::optional<Range> found() {
    end_of_run();
    return found_;
  }

 private:
  static constexpr uint64_t kBinsSize = runtime::kBins * 16,
                            kBehindBins = runtime::kMallocStateSize - runtime::kBinsOffset - kBinsSize;

  // Which of its words is the first bin's is not known: some of the state's before them may not be 0 either.
  void end_of_run() {
    if (empty_bins_ < runtime::kEnoughEmptyBins || end_ - begin_ < kBinsSize) return;
    found_ =
        Range{begin_ - runtime::kBinsOffset, std::min(end_, begin_ + runtime::kBinsOffset + kBinsSize) + kBehindBins};
  }

  uint64_t begin_ = 0, end_ = 0, previous_ = 0, empty_bins_ = 0;  // of the words looked at since the last that is 0
  std::optional<Range> found_;
};

std::optional<Range> malloc_state_in(const Image& image, const ImageRegion& region) {
  MallocStateSearch search;
  image.for_each_word(region.address, region.end(), [&](uint64_t at, uint64_t word) { search.look_at(at, word); });
  return search.found();
}

// Offsets below the thread pointer that hold thread-local variables of modules loaded at start.
uint64_t thread_local_size(const Image& image) {
  constexpr uint32_t kPtTls = 7;
  constexpr uint64_t kAlignment = 64, kSurplus = 4096;  // glibc reserves 1664 bytes for modules opened later
  uint64_t size = kSurplus;
  for (const ImageModule& module : image.modules) {
    for (const ImageSegment& segment : module.segments) {
      if (segment.type == kPtTls) size += segment.end - segment.begin + kAlignment;
    }
  }
  return size;
}

class RootScan {
 public:
  RootScan(const Image& image, const WordStates& states, const PointerReader& reader, Naming& naming)
      : image_(image), states_(states), reader_(reader), naming_(naming), tls_size_(thread_local_size(image)) {}

  void scan(const ImageRegion& region) {
    const std::optional<Range> allocator = malloc_state_in(image_, region);
    image_.for_each_word(region.address, region.end(), [&](uint64_t at, uint64_t word) {
      if (!reader_.may_point(word) || (allocator && allocator->contains(at))) return;
      if (image_.block_at(at) != Image::kNoBlock) return;  // a block inside a mapping of its own
      add(at, word, kind_at(region, at), region);
    });
  }

  void scan_unaligned() {
    for (const dump::UnalignedWord& unaligned : image_.unaligned) {
      const ImageRegion* const region = image_.region_at(unaligned.address & ~uint64_t{7});
      if (!region || region->kind == RegionKind::kHeap || region->kind == RegionKind::kRelro) continue;
      if (image_.block_at(unaligned.address) == Image::kNoBlock)
        add(unaligned.address, unaligned.word, kind_at(*region, unaligned.address), *region);
    }
  }

  void scan_registers(uint32_t thread) {
    if (!(image_.threads[thread].flags & dump::kThreadRegistersKnown)) return;
    for (uint64_t number = 0; number < dump::kRegisterCount; ++number) {
      const uint64_t word = image_.threads[thread].registers[number];
      if (!reader_.may_point(word)) continue;
      const PointerTarget target = reader_.target(word);
      if (target.holder == kNoHolder) continue;
      if (is_at_work(thread)) found_.in_hand.push_back(target.holder);
      add_root(0, target, RootKind::kRegister, Trust::kStack, naming_.register_name(thread, number));
    }
  }

  RootWords take() { return std::move(found_); }

 private:
  // Not one that has ended its work: what it left on its stack is in nobody's hand.
  bool is_at_work(uint32_t thread) const {
    const dump::SnapshotReason reason = image_.process.reason;
    const bool at_end = reason == dump::SnapshotReason::kMainReturned || reason == dump::SnapshotReason::kExitCalled;
    return !at_end || !(image_.threads[thread].flags & dump::kThreadTookSnapshot);
  }

  RootKind kind_at(const ImageRegion& region, uint64_t at) const {
    for (const dump::RootRegion& declared : image_.declared.root_regions) {
      if (at >= declared.begin && at < declared.end) return RootKind::kPinned;
    }
    switch (region.kind) {
      case RegionKind::kStatic:
        return RootKind::kStatic;
      case RegionKind::kThreadLocal:
        return RootKind::kThreadLocal;
      case RegionKind::kStack: {
        const uint64_t pointer = region.thread ? image_.threads.at(region.thread - 1).thread_pointer : 0;
        if (pointer < region.address || pointer >= region.end()) return RootKind::kStack;
        const bool are_apart = pointer - tls_size_ > region.address;  // the storage, and the part of the stack in use
        return at >= (are_apart ? pointer - tls_size_ : pointer) ? RootKind::kThreadLocal : RootKind::kStack;
      }
      default:
        return RootKind::kExternal;
    }
  }

  StringId name_at(RootKind kind, uint64_t at, const ImageRegion& region) {
    switch (kind) {
      case RootKind::kStatic:
        return naming_.static_name(at);
      case RootKind::kThreadLocal:
        return region.thread == 0 ? naming_.mapping_name(at) : naming_.thread_local_name(region.thread - 1, at);
      case RootKind::kStack:
        return region.thread == 0 ? naming_.mapping_name(at) : naming_.stack_name(region.thread - 1, at);
      default:
        return naming_.mapping_name(at);
    }
  }

  void add(uint64_t at, uint64_t word, RootKind kind, const ImageRegion& region) {
    const WordState state = at % 8 == 0 ? states_.at(at) : states_.at_unaligned(at);
    if (state == WordState::kExplained) return;
    PointerTarget target = reader_.target(word);
    if (target.holder == kNoHolder) return;
    if (state == WordState::kDead) target.counted = CountedObjects::kNone;
    const bool is_variable = kind == RootKind::kStatic || kind == RootKind::kThreadLocal;
    if (is_variable && state == WordState::kUnexplained && target.counted == CountedObjects::kNone &&
        reader_.is_counted(target.holder))
      found_.untyped.push_back(target.holder);
    const bool is_stack = kind == RootKind::kStack || kind == RootKind::kExternal;
    const StringId name = name_at(kind, at, region);
    if (kind == RootKind::kStack && region.thread != 0 && is_at_work(region.thread - 1))
      found_.in_hand.push_back(target.holder);
    if (kind == RootKind::kStack && region.thread != 0 && reader_.is_counted(target.holder) &&
        naming_.is_this(region.thread - 1, at))
      found_.untyped.push_back(target.holder);
    add_root(at, target, kind, is_stack ? Trust::kStack : Trust::kLive, name);
  }

  void add_root(uint64_t at, const PointerTarget& target, RootKind kind, Trust trust, StringId name) {
    if (target.counted != CountedObjects::kNone) {
      Candidate candidate;
      candidate.at = at;
      candidate.counted = target.counted;
      candidate.root = static_cast<uint32_t>(found_.roots.size());
      candidate.trust = trust;
      candidate.in_pair = at && reader_.leads_to_value(image_.word(at - 8).value_or(0), target.counted);
      found_.candidates.push_back(candidate);
      // the word before is the stored pointer of the same shared_ptr or weak_ptr
      if (at && last_raw_at_ == at - 8 && found_.roots.back().to == target.holder) {
        found_.roots.pop_back();
        --found_.candidates.back().root;
      }
    }
    last_raw_at_ = target.counted == CountedObjects::kNone ? at : 0;
    found_.roots.push_back({target.holder, kind, ReferenceKind::kRaw, Certainty::kConservative, name, at});
  }

  const Image& image_;
  const WordStates& states_;
  const PointerReader& reader_;
  Naming& naming_;
  uint64_t tls_size_;
  uint64_t last_raw_at_ = 0;
  RootWords found_;
};

}  // namespace

RootWords scan_roots(const Image& image, const WordStates& states, const PointerReader& reader, Naming& naming) {
  RootScan scan(image, states, reader, naming);
  for (const ImageRegion& region : image.regions) {
    if (region.kind != RegionKind::kHeap && region.kind != RegionKind::kRelro) scan.scan(region);
  }
  scan.scan_unaligned();
  for (uint32_t thread = 0; thread < image.threads.size(); ++thread) scan.scan_registers(thread);
  return scan.take();
}

}  // namespace reftally
