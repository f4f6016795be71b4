// Where the references are that structure does not explain: every word of the process, aligned or not, that is the
// address of an object with a missing reference, and what it lies in. A word is a candidate, not an owner: it is
// written as a conservative reference, which keeps alive and pays for nothing.
#pragma once

#include "runtime/core/memory_map.h"
#include "runtime/python/frame_words.h"
#include "runtime/python/free_chunks.h"
#include "runtime/python/walk.h"

namespace reftally::python {

class WordScan {
 public:
  WordScan(Walk& walk, const FrameWords& frames, runtime::MemoryMap& map, const runtime::ModuleList& modules) noexcept
      : walk_(walk), frames_(frames), map_(map), modules_(modules) {}

  // `stack_limit`: words below it on this stack are ours. Call after all references and roots are known; adds
  // roots, and writes references of kind kWord.
  void run(Address stack_limit) noexcept;

 private:
  enum class In : uint8_t { kUnknown, kExplained, kStruct, kBody };  // kStruct: known fields of an object
  struct Hit {
    Address place;
    Address target;
    In in;
    uint32_t holder;  // object whose body it lies in
  };
  struct Missing {
    Address object;   // the same for the address of a string's text: C code keeps strings alive by that
    uint32_t count;   // references nobody was found for
    uint32_t listed;  // words written for it: bounded
  };

  void collect_missing() noexcept;
  void scan(Address begin, Address end) noexcept;
  void classify() noexcept;
  void mark(Address begin, Address end, In in, uint32_t holder) noexcept;
  void mark_object(size_t i) noexcept;
  void mark_tables(size_t i) noexcept;
  void drop_known_references() noexcept;
  void explain_structs() noexcept;
  void drop_interned_table() noexcept;
  void mark_frames() noexcept;
  void report(const Hit& hit) noexcept;
  bool describe(const Hit& hit, runtime::Text& out, dump::RootKind& kind) noexcept;
  bool is_free_block(Address place, const runtime::Mapping& mapping, uint64_t& block_size, Address& block) noexcept;

  Walk& walk_;
  const FrameWords& frames_;
  runtime::MemoryMap& map_;
  const runtime::ModuleList& modules_;
  AddressMap<Missing> missing_;
  Column<Hit> hits_;  // by place
  FreeChunks free_chunks_;
  Address lowest_ = ~Address{0}, highest_ = 0;
  AddressMap<dump::StringRef> names_;
};

}  // namespace reftally::python
