// Walks the interpreter's heap and writes it as declared facts: every object of every generation and what they
// reach. Runs in the cloned child of a process that held the GIL: nothing moves, nothing runs.
#pragma once

#include <setjmp.h>

#include "runtime/core/memory_map.h"
#include "runtime/dump/writer.h"
#include "runtime/python/references.h"

namespace reftally::python {

struct WalkOptions {
  bool redact = false;  // leave out dictionary keys that come from data
};

// Bytes before the address of an object that belong to its block: PyGC_Head, managed dictionary and weak references.
uint64_t bytes_before(Address type, bool collected) noexcept;

// Faults and stuck calls in somebody's tp_traverse or __sizeof__ come back here instead of ending the child.
class FaultGuard {
 public:
  static void install() noexcept;
  static sigjmp_buf& return_point() noexcept;
  static void arm(bool on) noexcept;
  static void give_up() noexcept;  // as at a fault, where there is somewhere to return to
};

class BirthWriter;
class UnreachedObjects;

class Walk {
 public:
  Walk(dump::Writer& writer, const WalkOptions& options, const runtime::ModuleList& modules) noexcept;

  void write_references(UnreachedObjects& unreached) noexcept;  // finds the objects, writes DREF as it goes
  void write_roots() noexcept;                                  // DROT: fields of interpreter and threads, frames
  void write_objects() noexcept;                                // DOBJ, DTYP, DNAM, and the call stacks of births
  void write_collector() noexcept;  // GCOL: thresholds and statistics of the cycle collector
  void write_notes() noexcept;

  // ---- for the search for unreached objects
  void add_unreached(Address object) noexcept { objects_[add(object)].flags |= kIsUnreached; }
  void add_block(Address block, uint64_t size) noexcept;  // that is no object, and lost
  const TypeInfo& type_info(Address type) noexcept { return types_[types_.find(type)]; }
  const Column<OwnedReference>& references_of(Address object, const TypeInfo& type) noexcept {
    return reader_.read_object(object, type);
  }

  // ---- for the word scan
  struct Entry {     // in the table of addresses
    uint32_t index;  // of the object, counted from 1
    uint32_t owned;  // references found to it
  };
  size_t object_count() const noexcept { return objects_.size(); }
  Address object(size_t i) const noexcept { return objects_[i].address; }
  bool is_uncounted(size_t i) const noexcept { return (objects_[i].flags & dump::kObjectUncounted) != 0; }
  int64_t missing(size_t i) noexcept;  // count less references found; 0 when the count says nothing
  const TypeInfo& type(size_t i) noexcept { return types_[objects_[i].type]; }
  const Column<OwnedReference>& references(size_t i) noexcept { return reader_.read_object(object(i), type(i)); }
  bool is_unreached(size_t i) const noexcept { return (objects_[i].flags & kIsUnreached) != 0; }
  bool is_block(size_t i) const noexcept { return (objects_[i].flags & kIsBlock) != 0; }
  uint64_t block_size(size_t i) const noexcept { return objects_[i].type; }
  bool is_static(Address address) const noexcept;  // in the data of a module
  Entry* find(Address address) noexcept { return table_.find(address); }
  void add_root(Address to, dump::RootKind kind, bool counted, dump::StringRef name, Address place) noexcept;
  const Column<dump::DeclaredRoot>& roots() const noexcept { return roots_; }
  void write_word(uint32_t from, Address to, uint64_t offset) noexcept;  // a kWord, into an open section
  dump::Writer& writer() noexcept { return writer_; }

 private:
  struct Object {
    Address address;
    uint32_t type;   // row of types_; size of a block; unused for a keys table
    uint32_t flags;  // dump::kObject…, and below kNamespace bits
  };
  static constexpr uint32_t kIsAttributes = 1u << 16, kIsGlobals = 1u << 17;  // whose __dict__ this dictionary is
  static constexpr uint32_t kIsUnreached = 1u << 18;                          // found in a pool, by no reference
  static constexpr uint32_t kIsBlock = 1u << 19;                              // no object
  static constexpr uint32_t kWalkBits = kIsAttributes | kIsGlobals | kIsUnreached | kIsBlock;

  uint32_t add(Address object) noexcept;
  uint32_t add_keys_table(Address keys) noexcept;
  void add_generations(Address state) noexcept;
  void mark_namespace(Address object) noexcept;
  void mark_flags(size_t i) noexcept;
  void walk_object(size_t i) noexcept;
  void emit(size_t from, const OwnedReference& reference) noexcept;
  dump::StringRef offset_name(uint64_t offset) noexcept;
  dump::StringRef name_of(const OwnedReference& reference) noexcept;
  dump::StringRef key_name(Address key, bool is_data) noexcept;
  void add_field_roots(Address base, const Fields& fields, const char* prefix) noexcept;
  void add_thread_roots(Address thread, uint32_t number) noexcept;
  void add_frame_roots(const FrameView& frame, uint32_t thread) noexcept;
  void add_interpreter_roots(Address state) noexcept;
  void name_cells(Address function) noexcept;
  uint64_t guarded_size(size_t i) noexcept;
  uint32_t birth_of(size_t i) noexcept;  // number of its stack, 0 unknown
  dump::DeclaredObject described_uncounted(size_t i, BirthWriter& births) noexcept;
  void read_counts(Column<int64_t>& counts) noexcept;
  void write_types() noexcept;
  void write_block_types(dump::StringRef flavour) noexcept;
  void write_names() noexcept;

  dump::Writer& writer_;
  WalkOptions options_;
  struct Range {
    Address begin, end;
  };
  Column<Range> data_segments_;  // of all modules, by address
  TypeTable types_;
  ReferenceReader reader_;
  AddressMap<Entry> table_;
  Column<Object> objects_;
  AddressMap<dump::StringRef> names_;  // by str object or C string
  AddressMap<Address> cell_names_;     // cell -> the str that its closure variable is called by
  Column<dump::DeclaredRoot> roots_;
  size_t next_ = 0;  // object being walked, after a fault: the one that faulted
  uint32_t faults_ = 0;
};

}  // namespace reftally::python
