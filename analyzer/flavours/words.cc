#include "analyzer/flavours/words.h"

#include <algorithm>

#include "analyzer/base/in_order.h"
#include "analyzer/flavours/buffers.h"
#include "analyzer/flavours/naming.h"

namespace reftally {

PointerReader::PointerReader(const Image& image, const CountedObjects& counted, const Holders& holders)
    : counted_(counted), holders_(holders) {
  if (image.blocks.empty()) return;
  lowest_ = image.blocks.front().address;
  span_ = image.blocks.back().address + std::max<uint64_t>(image.blocks.back().size, 1) - lowest_;
}

PointerTarget PointerReader::target(uint64_t word) const {
  PointerTarget found;
  if (word - lowest_ >= span_) {  // tagged
    found.holder = holders_.at(word & kAddressMask);
    return found;
  }
  // libstdc++'s atomic<shared_ptr> keeps a lock in the lowest bit of the control block pointer.
  found.counted = counted_.at(word & ~uint64_t{1});
  found.holder = found.counted != CountedObjects::kNone ? found.counted : holders_.at(word);
  // a count inside the object: any pointer may lead there, owned or not
  const bool inside =
      holders_.is_counted(found.holder) && reftally::counts_inside(counted_.objects[found.holder].flavour);
  if (inside) found.counted = CountedObjects::kNone;
  return found;
}

bool PointerReader::leads_to_value(uint64_t word, uint32_t counted) const {
  const HolderId holder = holders_.at(word);
  return holder != kNoHolder && (holder == counted || holder == holders_.at(counted_.objects[counted].value));
}

namespace {

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2))) * 0xff51afd7ed558ccd;
  return x ^ (x >> 32);
}

enum SlotSpace : uint64_t { kValue = 1, kControlBlock = 2, kPolymorphic = 3, kAllocationSite = 4 };

// Which words play the same part: same offset in values of one type, or in blocks of one size from one call stack.
uint64_t slot_of(const Image& image, const CountedObjects& counted, const Holders& holders, uint32_t block_index,
                 uint64_t at) {
  const ImageBlock& block = image.blocks[block_index];
  const HolderId holder = holders.in_block(block_index, at);
  if (holders.is_counted(holder)) {
    const CountedObject& object = counted.objects[holder];
    const bool in_value = block_index == object.value_block || (block_index == object.block && at >= object.value);
    if (in_value && object.value && object.value_count == 1) {
      return mix(mix(kValue, index(object.value_type)), at - object.value);
    }
    if (block_index == object.block) {
      return mix(mix(kControlBlock, index(object.value_type)), at - object.address);
    }
  }
  const uint64_t vtable = image.word(block.address).value_or(0);
  if (!image.vtable_type(vtable).empty()) return mix(mix(kPolymorphic, vtable), at - block.address);
  if (index(block.stack) == 0) return 0;
  return mix(mix(mix(kAllocationSite, index(block.stack)), block.size), at - block.address);
}

// A word that leads into a block, and that no type has explained.
struct Pointer {
  uint64_t at, word;
  PointerTarget target;
  uint32_t block;  // that it stands in
  WordState state;
  bool is_half;  // of the word at `at`
};

// Reads nothing but memory: any thread may.
std::vector<Pointer> find_pointers(const Image& image, const WordStates& states, const PointerReader& reader,
                                   RowRange blocks) {
  std::vector<Pointer> found;
  for (uint32_t block = blocks.first; block < blocks.last; ++block) {
    auto look_at = [&](uint64_t at, uint64_t word, WordState state, bool is_half) {
      if (!reader.may_point(word)) return;
      const PointerTarget target = reader.target(word);
      if (target.holder != kNoHolder) found.push_back({at, word, target, block, state, is_half});
    };
    const uint64_t begin = image.blocks[block].address;
    states.for_each_open(begin, begin + image.blocks[block].size, [&](uint64_t at, uint64_t word, WordState state) {
      look_at(at, word, state, false);
      // Two pointers of 32 bits may look like one that leads somewhere else.
      if (!reader.may_be_halves() || word >> 32 == 0) return;
      for (uint64_t half : {word & 0xffffffff, word >> 32}) look_at(at, half, state, true);
    });
  }
  return found;
}

class HeapScan {
 public:
  HeapScan(const Image& image, const CountedObjects& counted, const Holders& holders, const Buffers& buffers,
           const PointerReader& reader, Naming& naming)
      : image_(image),
        counted_(counted),
        holders_(holders),
        buffers_(buffers),
        reader_(reader),
        naming_(naming),
        words_tell_nothing_((image.process.flags & dump::kProcessZeroFilled) == 0 || !image.declared.objects.empty()),
        found_(image) {}

  // Those of some blocks, whole, in their order.
  void add(const std::vector<Pointer>& pointers) {
    for (auto first = pointers.begin(); first != pointers.end();) {
      const size_t untyped = found_.untyped.size(), candidates = found_.candidates.size();
      const uint32_t block = first->block;
      for (; first != pointers.end() && first->block == block; ++first)
        first->is_half ? add_half(*first) : add_word(*first);
      drop_counted(untyped, candidates);
    }
  }
  // Last, so that what stands at multiples of 8 is found where it was.
  void add_unaligned(const WordStates& states) {
    std::vector<Pointer> pointers;
    for (const dump::UnalignedWord& unaligned : image_.unaligned) {
      const uint32_t block = image_.block_at(unaligned.address);
      const WordState state = states.at_unaligned(unaligned.address);
      if (block == Image::kNoBlock || state == WordState::kExplained) continue;
      const PointerTarget target = reader_.target(unaligned.word);
      if (target.holder != kNoHolder)
        pointers.push_back({unaligned.address, unaligned.word, target, block, state, false});
    }
    add(pointers);
  }
  HeapWords take() { return std::move(found_); }

 private:
  // What a block may have a counted reference to, it holds by that: pybind11's instances have the pointer besides.
  void drop_counted(size_t untyped, size_t candidates) {
    if (found_.untyped.size() == untyped || found_.candidates.size() == candidates) return;
    counted_here_.clear();
    for (size_t i = candidates; i < found_.candidates.size(); ++i)
      counted_here_.push_back(found_.candidates[i].counted);
    std::sort(counted_here_.begin(), counted_here_.end());  // a vector of a million pointers is one block
    const auto is_counted = [&](HolderId holder) {
      return std::binary_search(counted_here_.begin(), counted_here_.end(), holder);
    };
    const auto first = found_.untyped.begin() + static_cast<ptrdiff_t>(untyped);
    found_.untyped.erase(std::remove_if(first, found_.untyped.end(), is_counted), found_.untyped.end());
  }

  void add_half(const Pointer& pointer) {
    const HolderId to = pointer.target.holder, from = holders_.in_block(pointer.block, pointer.at);
    const bool may_own = counts_inside(to) && pointer.state == WordState::kUnexplained;
    if (to != from)
      add(from, to, naming_.offset_label(from, pointer.block, pointer.at), 0,
          may_own ? ReferenceKind::kAmbiguous : ReferenceKind::kRaw);
  }

  void add_word(const Pointer& pointer) {
    const auto& [at, word, target, block, state, is_half] = pointer;
    const HolderId from = holders_.in_block(block, at);
    const bool is_destroyed = holders_.is_counted(from) && !counted_.objects[from].is_alive();
    if (state == WordState::kUnexplained && !is_destroyed && target.counted != CountedObjects::kNone) {
      Candidate candidate;
      candidate.at = at;
      candidate.from = from;
      candidate.counted = target.counted;
      candidate.trust = trust(block, from, at);
      candidate.is_own = reader_.leads_to_value(at, target.counted);
      candidate.slot = slot_of(image_, counted_, holders_, block, at);
      candidate.in_pair = reader_.leads_to_value(image_.word(at - 8).value_or(0), target.counted);
      candidate.label = naming_.place_label(from, block, at, at - 8);  // shared_ptr and weak_ptr begin a word earlier
      found_.candidates.push_back(candidate);
      forget_stored_pointer(at, target.holder);
    } else if (from != target.holder) {
      const bool may_own = state == WordState::kUnexplained && !is_destroyed && counts_inside(target.holder) &&
                           !is_count(word, target.holder);
      if (state == WordState::kUnexplained && !is_destroyed && !words_tell_nothing_ &&
          holders_.is_counted(target.holder) && trust(block, from, at) != Trust::kStack)
        found_.untyped.push_back(target.holder);
      add(from, target.holder, naming_.place_label(from, block, at, at), at,
          may_own ? ReferenceKind::kAmbiguous : ReferenceKind::kRaw);
    }
  }

  Trust trust(uint32_t block, HolderId from, uint64_t at) const {
    if (holders_.is_counted(from)) {
      const bool in_pool = block == counted_.objects[from].block && !counted_.objects[from].ends_there;
      return in_pool ? Trust::kBuffer : Trust::kLive;
    }
    if (!holders_.is_block(from)) return Trust::kLive;
    if (index(naming_.frame(block).type) != 0) return Trust::kStack;
    if (!image_.vtable_type(image_.word(image_.blocks[block].address).value_or(0)).empty()) return Trust::kLive;
    return buffers_.may_be_stale(block, at) ? Trust::kBuffer : Trust::kLive;
  }

  // The word before a counter's address is the stored pointer of the same shared_ptr or weak_ptr.
  void forget_stored_pointer(uint64_t at, HolderId to) {
    if (last_raw_at_ == at - 8 && found_.references.rows.back().to == to) found_.references.pop_back();
    last_raw_at_ = 0;
  }

  bool counts_inside(HolderId holder) const {
    return holders_.is_counted(holder) && reftally::counts_inside(counted_.objects[holder].flavour);
  }

  // The address of a GObject's or mini-object's count: GstStructure asks there whether it may be changed.
  bool is_count(uint64_t word, HolderId holder) const {
    constexpr uint64_t kCount = 8;
    const CountedObject& object = counted_.objects[holder];
    return object.flavour == FlavourId::kGObject && word == object.address + kCount;
  }

  void add(HolderId from, HolderId to, LabelId label, uint64_t at, ReferenceKind kind) {
    if (!found_.references.rows.empty()) {  // arrays of pointers into one block
      const DraftReference& last = found_.references.rows.back();
      if (last.from == from && last.to == to && last.label == label && last.kind == kind) return;
    }
    found_.references.push_back(DraftReference{from, to, kNoElement, label, kind, Certainty::kConservative}, at);
    last_raw_at_ = at;
  }

  const Image& image_;
  const CountedObjects& counted_;
  const Holders& holders_;
  const Buffers& buffers_;
  const PointerReader& reader_;
  Naming& naming_;
  // Of holders: in cores a new block has what stood there before; beside Python, pybind11's table of instances has the
  // address of each as its key.
  bool words_tell_nothing_;
  HeapWords found_;
  std::vector<HolderId> counted_here_;  // scratch
  uint64_t last_raw_at_ = 0;  // where the last of found_.references was read, until it is known not to be a pair's
};

}  // namespace

HeapWords scan_heap(const Image& image, const CountedObjects& counted, const Holders& holders, const WordStates& states,
                    const Buffers& buffers, const PointerReader& reader, Naming& naming) {
  HeapScan scan(image, counted, holders, buffers, reader, naming);
  in_order_by_rows(
      static_cast<uint32_t>(image.blocks.size()),
      [&](RowRange blocks) { return find_pointers(image, states, reader, blocks); },
      [&](const std::vector<Pointer>& pointers) { scan.add(pointers); });
  scan.add_unaligned(states);
  return scan.take();
}

}  // namespace reftally
