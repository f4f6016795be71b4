// What the walk needs to know of a type, found out once: how to read its instances, its name, its flags.
#pragma once

#include "runtime/dump/format.h"
#include "runtime/python/memory.h"
#include "runtime/python/object.h"

namespace reftally::python {

enum class Shape : uint8_t {
  kLeaf,  // holds nothing (str, int, float, bytes …)
  kList,  // exactly list, tuple, dict, set, frozenset
  kTuple,
  kDict,
  kSet,
  kType,
  kFunction,
  kCode,
  kGenerator,  // generator, coroutine, async generator
  kFrame,
  kInstance,  // anything else: what tp_traverse visits, named by members, slots and attributes
};

// A PyObject* in the body of instances that the type declares in tp_members (__slots__ among them) or that we know.
struct Member {
  int64_t offset;
  const char* name;
  bool owned_anyway;        // also when tp_traverse does not visit it
  bool is_builtin = false;  // of the interpreter's own struct: no program can hold it in another way
};

struct TypeInfo {
  Address type;
  Shape shape;
  bool collected;       // Py_TPFLAGS_HAVE_GC
  uint64_t understood;  // bytes from the start of which every owned word is known: what else lies there is none
  bool counts_type;     // instances own a reference to the type
  bool indexed;         // what is left of the visit is the items, in order (deque)
  bool lru_cache;       // functools._lru_cache_wrapper: owns its elements by a linked list
  uint32_t flags;       // dump::kType…
  uint32_t first_member, member_count;
  Address size_function;  // C function of __sizeof__, 0 none
  int64_t weak_list_offset;
};

class TypeTable {
 public:
  uint32_t find(Address type) noexcept;  // its row, made when new
  uint32_t count() const noexcept { return static_cast<uint32_t>(rows_.size()); }
  const TypeInfo& operator[](uint32_t row) const noexcept { return rows_[row]; }
  void forget_size_function(uint32_t row) noexcept { rows_[row].size_function = 0; }
  const Member& member(const TypeInfo& type, uint32_t i) const noexcept { return members_[type.first_member + i]; }

 private:
  TypeInfo describe(Address type) noexcept;
  void add_foreign_members(Address type) noexcept;
  void add_members(TypeInfo& info) noexcept;

  AddressMap<uint32_t> index_;  // row + 1
  Column<TypeInfo> rows_;
  Column<Member> members_;
};

// `module.qualname` as source says it; builtins without their module.
void type_name(Address type, runtime::Text& out) noexcept;

// sys.getsizeof(object) without running any Python code.
uint64_t size_of(Address object, const TypeInfo& type) noexcept;
// Bytes from the object's address that belong to its struct, out-of-line storage not included.
uint64_t body_size(Address object, Address type) noexcept;

}  // namespace reftally::python
