// What a process looked like: memory, blocks, threads, modules, stacks. Knows nothing of counts.
// Filled by one of the doors (dump_image, core_image), read-only afterwards.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/base/ids.h"
#include "analyzer/image/address_ranks.h"
#include "analyzer/image/block_index.h"
#include "runtime/dump/format.h"

namespace reftally {

struct ImageProcess {
  uint32_t pid = 0, parent_pid = 0;
  dump::SnapshotReason reason{};
  uint32_t flags = 0;  // dump::kProcess…
  uint64_t start_time_ns = 0, snapshot_time_ns = 0, pause_ns = 0;
  uint32_t sequence = 0;
  uint64_t allocations_total = 0;
  uint64_t run = 0;         // number of the `reftally run` that the process belonged to
  uint32_t fork_birth = 0;  // order of birth at which fork() made the process; 0: it is no copy, or not known to be one
  std::string executable, command_line, runtime_version, working_directory;
};

struct ImageMapping {
  uint64_t begin = 0, end = 0, file_offset = 0;
  uint32_t flags = 0;  // dump::kMap…
  std::string path;
};

struct ImageSegment {
  uint64_t begin = 0, end = 0;
  uint32_t type = 0, flags = 0;
};

struct ImageModule {
  std::string path;
  std::string build_id;  // raw bytes
  uint64_t bias = 0;
  uint32_t thread_local_number = 0;  // its row in a thread's dtv; 0 none or unknown
  std::vector<ImageSegment> segments;

  bool contains(uint64_t address) const;  // in a PT_LOAD segment
};

struct ImageThread {
  uint32_t tid = 0, flags = 0;
  uint64_t thread_pointer = 0, stack_begin = 0, stack_end = 0;
  uint64_t registers[dump::kRegisterCount] = {};
  StackId stack{};
  std::string name;
};

struct ImageBlock {
  uint64_t address = 0, size = 0;
  StackId stack{};
  uint32_t birth = 0;  // order of birth; 0 unknown

  // glibc returns a block of at least one byte; a pointer one past a zero-sized block is not one into it
  bool contains(uint64_t pointer) const { return pointer - address < (size ? size : 1); }
};

// Of the 64 bits that i is one of, those in [i, stop).
inline uint64_t bits_between(uint64_t i, uint64_t stop) {
  const uint64_t from = ~uint64_t{0} << i % 64, first = i & ~uint64_t{63};
  return stop - first >= 64 ? from : from & ~(~uint64_t{0} << (stop - first));
}

// A run of words. `words[i]` is meaningful when bit i of `known` is set; otherwise the word was dropped.
struct ImageRegion {
  uint64_t address = 0;
  uint64_t word_count = 0;
  dump::RegionKind kind{};
  uint32_t thread = 0;  // index into threads + 1; 0 none
  const uint64_t* words = nullptr;
  const uint64_t* known = nullptr;

  uint64_t end() const { return address + 8 * word_count; }
  bool is_known(uint64_t i) const { return known[i / 64] >> (i % 64) & 1; }
};

// The region that a thread asked for last.
struct RecentRegion {
  uint64_t index = 0;  // of the image, see Image::region_index_
  uint64_t begin = 0, bytes = 0;
  const ImageRegion* region = nullptr;
};

// Zeroed words; pages nobody writes to cost no memory, so that a region of dropped words is nearly free.
struct FreeWords {
  void operator()(uint64_t* words) const { std::free(words); }
};
using WordArray = std::unique_ptr<uint64_t[], FreeWords>;
WordArray zeroed_words(size_t count);  // throws Error when there is no memory

struct StackNode {
  uint64_t ip = 0;
  StackId parent{};
};

// Declared facts, as in dump/format.h with strings resolved through Image::text.
struct DeclaredFacts {
  std::vector<dump::DeclaredType> types;
  std::vector<dump::DeclaredObject> objects;
  std::vector<dump::DeclaredReference> references;
  std::vector<dump::DeclaredRoot> roots;
  std::vector<dump::DeclaredName> names;
  std::vector<dump::RootRegion> root_regions;
  std::vector<dump::KernelWord> kernel_words;
  std::vector<dump::Expectation> expectations;
  std::vector<dump::EventTally> tallies;
  std::optional<dump::EventSummary> events;  // nothing when the program told none
  std::vector<dump::HistoryEvent> history;   // in order
  std::vector<dump::GObjectType> gobject_types;
  std::vector<dump::MiniObjectType> mini_object_types;
  std::vector<dump::ToldType> told_types;
  std::vector<dump::ToldField> told_fields;
  std::vector<dump::ToldObject> told_objects;
  std::vector<dump::ToldReference> told_references;
  std::vector<dump::CollectorGeneration> collector;  // youngest first; empty when there is none
  std::vector<dump::CollectorPauses> pauses;         // as `collector`
  std::vector<dump::PoolRecord> pools;               // of the runtime's own allocator
  std::vector<dump::DeclaredFrame> frames;           // see kDeclaredFrame
};

// A frame of a runtime's own language stands in Image::stacks as an address that no process can have.
inline constexpr uint64_t kDeclaredFrame = uint64_t{1} << 63;  // or-ed to the index into DeclaredFacts::frames

class Image {
 public:
  std::string source;  // file it was read from, for messages
  ImageProcess process;
  std::vector<ImageMapping> mappings;  // by address
  std::vector<ImageModule> modules;
  std::vector<ImageThread> threads;
  std::vector<ImageBlock> blocks;              // by address, disjoint
  std::vector<ImageRegion> regions;            // by address, disjoint
  std::vector<dump::UnalignedWord> unaligned;  // by address
  std::vector<StackNode> stacks;               // row 0 is unused: StackId 0 = unknown
  DeclaredFacts declared;
  std::vector<std::pair<dump::NoteKind, std::string>> notes;
  std::string strings;                                     // the dump's string pool
  std::unordered_map<uint64_t, std::string> vtable_names;  // vtable address -> mangled type name
  std::vector<WordArray> region_storage;                   // what regions point into
  std::shared_ptr<const void> core;                        // the same, of a core file; null for a dump
  bool sizes_are_exact = true;        // of blocks, as asked for; else as much as glibc's chunks hold
  std::vector<std::string> warnings;  // lowered detail, said once

  Image() = default;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  Image(Image&&) = default;
  Image& operator=(Image&&) = default;

  std::string_view text(dump::StringRef ref) const;  // throws Error when out of the pool

  const ImageRegion* region_at(uint64_t address) const {
    // Most questions are about the region of the one before.
    const RecentRegion& recent = recent_region_;
    return recent.index == region_index_ && address - recent.begin < recent.bytes ? recent.region
                                                                                  : find_region(address);
  }
  // Nothing when unknown, which one is that does not stand at a multiple of 8 and leads nowhere.
  std::optional<uint64_t> word(uint64_t address) const {
    const uint64_t* place = place_of_word(address);
    if (!place) return std::nullopt;
    return *place;
  }
  std::optional<uint32_t> half(uint64_t address) const;  // 4-byte aligned
  std::optional<uint8_t> byte(uint64_t address) const;
  // Calls visit(address, word) for each known word in [begin, end), which may span several regions.
  template <class Visit>
  void for_each_word(uint64_t begin, uint64_t end, Visit visit) const;
  // The same by 64 words: visit(region, first, known), bit i of `known` for words[first + i].
  template <class Visit>
  void for_each_group(uint64_t begin, uint64_t end, Visit visit) const;
  const ImageModule* module_at(uint64_t address) const;
  const ImageMapping* mapping_at(uint64_t address) const;

  static constexpr uint32_t kNoBlock = 0xffffffff;
  uint32_t block_at(uint64_t pointer) const;  // index of the block that contains pointer, or kNoBlock; O(1) expected
  // The size a block has that was asked for with this size.
  uint64_t block_size(uint64_t asked) const {
    constexpr uint64_t kSmallest = 24, kBetween = 8;  // glibc: chunks of multiples of 16 with a size field each
    if (sizes_are_exact) return asked;
    return asked <= kSmallest ? kSmallest : ((asked + kBetween + 15) & ~uint64_t{15}) - kBetween;
  }
  // Mangled type name behind a vtable pointer (as found in an object's first word), or empty.
  std::string_view vtable_type(uint64_t vtable) const;

  // Frames of a stack, innermost first.
  std::vector<uint64_t> frames(StackId stack) const;

  void build_indexes();  // to be called once by the door that filled the columns

 private:
  // A pointer, for an optional that comes from two sides is built in memory (GCC 12).
  const uint64_t* place_of_word(uint64_t address) const {
    if (address % 8 != 0) return place_of_unaligned_word(address);
    const ImageRegion* region = region_at(address);
    if (!region) return nullptr;
    const uint64_t i = (address - region->address) / 8;
    return region->is_known(i) ? region->words + i : nullptr;
  }
  const uint64_t* place_of_unaligned_word(uint64_t address) const;
  const ImageRegion* first_region_after(uint64_t address) const;  // first one that ends after address
  const ImageRegion* find_region(uint64_t address) const;

  struct LoadSegment {
    uint64_t begin, end;
    uint32_t module;
  };
  static inline thread_local constinit RecentRegion recent_region_{};
  BlockIndex block_index_;
  AddressGroups region_groups_;             // first region that lies there
  uint64_t region_index_ = 0;               // of no other image, for there may have been one at the same address
  std::vector<LoadSegment> load_segments_;  // of all modules, by address
};

template <class Visit>
void Image::for_each_group(uint64_t begin, uint64_t end, Visit visit) const {
  const ImageRegion* last = regions.data() + regions.size();
  const ImageRegion* region = region_at(begin);
  if (!region) region = first_region_after(begin);
  for (; region != last && region->address < end; ++region) {
    uint64_t i = begin > region->address ? (begin - region->address + 7) / 8 : 0;
    const uint64_t stop = std::min(region->word_count, (end - region->address) / 8);
    for (; i < stop; i = (i / 64 + 1) * 64)
      if (const uint64_t known = region->known[i / 64] & bits_between(i, stop))
        visit(*region, i & ~uint64_t{63}, known);
  }
}

template <class Visit>
void Image::for_each_word(uint64_t begin, uint64_t end, Visit visit) const {
  for_each_group(begin, end, [&](const ImageRegion& region, uint64_t first, uint64_t known) {
    for (; known != 0; known &= known - 1) {
      const uint64_t i = first + static_cast<uint64_t>(std::countr_zero(known));
      visit(region.address + 8 * i, region.words[i]);
    }
  });
}

}  // namespace reftally
