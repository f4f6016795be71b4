// Types and labels of objects as the reader of a report sees them.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/flavours/counted_object.h"
#include "analyzer/flavours/holders.h"
#include "analyzer/heap/heap.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

std::string location_text(const SourceLocation& location);  // "page.h:8"; empty where it is not known

class Naming {
 public:
  Naming(const Image& image, const DebugTypes& types, const CountedObjects& counted, const Holders& holders,
         HeapBuilder& builder);

  TypeId type_of(HolderId holder);
  TypeId counted_type(const CountedObject& object);
  std::string_view type_name(HolderId holder) { return name_of(type_of(holder)); }  // empty when it has none
  std::string_view name_of(TypeId type) const;
  // A coroutine's frame that begins a block: its type as a reader sees it, and what stands there as far as it is known.
  struct Frame {
    TypeId type{};                 // of no frame: 0
    const Type* layout = nullptr;  // DebugTypes::coroutine_frame
  };
  const Frame& frame(uint32_t block);
  void set_block_type(uint32_t block, TypeId type) {
    if (block_types_.empty()) block_types_.resize(image_.blocks.size(), kUntold);
    block_types_[block] = type;
  }
  void set_extra_type(HolderId holder, TypeId type) { extra_types_[holder] = type; }

  // "+24" inside an object whose type has a name, "[] at offset 8" in an element of a vector that is counted itself, or
  // the variable there in a coroutine's frame; none in a nameless block.
  LabelId offset_label(HolderId from, uint32_t block, uint64_t at);

  // The member that a word stands in which its type does not explain: of opaque memory, or the alternative of a union
  // that the word speaks for. Where two do, neither counts.
  void name_place(uint64_t at, LabelId of_memory);
  void name_alternative(uint64_t at, LabelId alternative);
  // That of the place of the word; else, of what begins at the other address, as offset_label().
  LabelId place_label(HolderId from, uint32_t block, uint64_t word, uint64_t begin);

  // Roots.
  StringId static_name(uint64_t at);                  // "g_registry.last_", "g_registry + 0x10"
  StringId stack_name(uint32_t thread, uint64_t at);  // "thread 3 (worker), stack of run(): session"
  StringId stack_name(uint32_t thread, const LocalVariable& variable);
  StringId kernel_name(const dump::KernelWord& word);  // "kernel: epoll 5, descriptor 9"
  // The object of a call that has not returned: it may own itself until then.
  bool is_this(uint32_t thread, uint64_t at) const { return types_.stack_place(thread, at).ends_with("(): this"); }
  bool is_exiting() const;  // a thread runs destructors of static or thread-local variables
  StringId register_name(uint32_t thread, uint64_t number);  // "thread 1 (main), register rbx, run(): session"
  StringId thread_local_name(uint32_t thread, uint64_t at);  // "t_cache.last_ of thread 3 (worker)"
  StringId thread_local_name(uint32_t thread, std::string_view variable);
  StringId mapping_name(uint64_t at);

 private:
  static constexpr TypeId kUntold{0xffffffff};

  struct PlaceName {
    LabelId of_memory{}, alternative{};
    bool is_disputed = false;
  };

  TypeId block_type(uint32_t block);
  TypeId readable_type(std::string_view demangled);
  TypeId vtable_type(uint64_t vtable);
  uint64_t element_size(HolderId from, uint32_t block);
  LabelId element_label(TypeId vector, std::string_view name, uint64_t offset);
  std::string thread_title(uint32_t thread) const;

  const Image& image_;
  const DebugTypes& types_;
  const CountedObjects& counted_;
  const Holders& holders_;
  HeapBuilder& builder_;
  std::vector<std::optional<TypeId>> counted_types_;   // by StringId of CountedObjects::names: of one, of an array
  std::unordered_map<uint64_t, TypeId> vtable_types_;  // by vtable
  std::unordered_map<uint64_t, Frame> frames_;         // of coroutines, by function that destroys it
  std::unordered_map<uint64_t, TypeId> sized_types_;   // "block of N bytes", by N
  std::vector<TypeId> block_types_;                    // told by who points there, or kUntold; empty: of none
  std::unordered_map<HolderId, TypeId> extra_types_;
  std::unordered_map<uint64_t, PlaceName> place_names_;      // by address of the word
  std::unordered_map<uint64_t, LabelId> offset_labels_;      // by type and offset
  std::unordered_map<uint32_t, uint64_t> element_sizes_;     // by StringId: of counted vectors
  std::unordered_map<uint32_t, std::string> type_names_;     // by TypeId
  std::unordered_map<uint32_t, const Type*> frame_layouts_;  // by TypeId
};

}  // namespace reftally
