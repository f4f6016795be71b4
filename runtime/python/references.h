// The references one object owns, each named as source names it. What tp_traverse visits is the truth about the
// collector's view; type by type we name entries of that multiset, and add what the object owns but does not visit.
#pragma once

#include "runtime/python/types.h"

namespace reftally::python {

struct OwnedReference {
  Address to;
  dump::LabelKind kind;
  bool unvisited;    // owned, but tp_traverse does not visit it
  bool out_of_line;  // the word is not in the object's body (table of a dict, items of a list)
  uint32_t index;
  Address name;  // a str object, or a C string when `name_is_c`; 0 none
  bool name_is_c;
};

class ReferenceReader {
 public:
  explicit ReferenceReader(TypeTable& types) noexcept : types_(types) {}

  // The references `object` owns, valid until the next call. `namespace_kind`: what keys of this dictionary are,
  // kKey when it is nobody's __dict__.
  const Column<OwnedReference>& read_object(Address object, const TypeInfo& type,
                                            dump::LabelKind namespace_kind = dump::LabelKind::kKey) noexcept;
  // The names in a keys table that several instances share.
  const Column<OwnedReference>& read_shared_keys(Address keys) noexcept;

 private:
  using Kind = dump::LabelKind;

  void visit(Address object, const TypeInfo& type) noexcept;
  bool claim(Address to) noexcept;
  void add(Address to, Kind kind, Address name, uint32_t index = 0) noexcept;
  void add_field(Address to, const char* name, bool unvisited = false) noexcept;
  void claim_as(Address to, Kind kind, Address name, uint32_t index = 0) noexcept;  // only when visited
  void claim_field(Address to, const char* name) noexcept;
  void own_field(Address to, const char* name) noexcept;  // visited or not
  void own_fields(Address base, const Fields& fields) noexcept;

  void read_list(Address object) noexcept;
  void read_tuple(Address object) noexcept;
  void read_dict(Address object, Kind value_kind, bool visited) noexcept;
  void read_type(Address type) noexcept;
  void read_code(Address code) noexcept;
  void read_generator(Address generator, const TypeInfo& type) noexcept;
  void read_frame_object(Address frame) noexcept;
  void read_frame_values(Address frame, int64_t count) noexcept;
  void read_attributes(Address object, Address type) noexcept;
  void read_members(Address object, const TypeInfo& type) noexcept;
  void read_lru_cache(Address wrapper) noexcept;
  void read_by_shape(Address object, const TypeInfo& type) noexcept;
  void add_leftovers(Address object, const TypeInfo& type) noexcept;

  TypeTable& types_;
  Column<OwnedReference> found_;
  Column<Address> visited_;
  size_t cursor_ = 0, left_ = 0;  // claims usually come in the order of the visit
};

// ---- frames, shared with the walk of thread stacks
inline constexpr int kOwnedByThread = 0, kOwnedByGenerator = 1, kOwnedByFrameObject = 2, kOwnedByCStack = 3;
struct FrameView {
  Address frame = 0, code = 0;
  int64_t value_count = 0;  // locals, cells and free variables
  int64_t stack_top = -1;   // values and evaluation stack that are surely there; -1: running, not delimited
  int owner = kOwnedByThread;
};
FrameView view_frame(Address frame) noexcept;                // _PyInterpreterFrame, or PyFrameObject before 3.11
Address frame_value_name(Address code, int64_t i) noexcept;  // a str; 0 for the evaluation stack
int frame_line(const FrameView& frame) noexcept;
// A position in code as one address, also where frames have an index (up to 3.10).
inline constexpr int kInstructionIndexShift = 47;  // above any address; 16 bits are left
inline Address indexed_instruction(Address code, int32_t index) noexcept {
  const auto bits = static_cast<uint64_t>(index < 0 ? 0 : index) & 0xffff;
  return code | bits << kInstructionIndexShift;
}
int code_line(Address code, Address instruction) noexcept;
// Shared keys tables are nodes of their own: instances of a class share one.
Address shared_keys_of(Address object, const TypeInfo& type) noexcept;

}  // namespace reftally::python
