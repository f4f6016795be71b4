// References in static tables of C code that prove themselves: beside the pointer to a string stands the C string it
// was made from, or the pointer stands where the table's own hash puts it. So these are references and no guesses.
//
//   Cython's string table (up to 0.29)   {PyObject **p; const char *text; size; encoding; flags}: *p is owned
//   _Py_Identifier (up to 3.9)           {next; const char *text; PyObject *object}
//   slots of the type object (to 3.11)   struct wrapperbase {const char *name; …; PyObject *name_strobj}
//   method cache (3.9)                   4,096 entries {version, name, value}; the name is owned
//   Latin-1 characters (3.9)             256 strings, by character
#pragma once

#include "runtime/core/memory_map.h"
#include "runtime/python/walk.h"

namespace reftally::python {

class StaticTables {
 public:
  StaticTables(Walk& walk, const runtime::ModuleList& modules) noexcept : walk_(walk), modules_(modules) {}

  void add_roots() noexcept;  // when all objects are known

 private:
  struct Votes {  // for the address a table begins at
    Address begin;
    uint32_t count;
  };

  void scan(const runtime::Segment& segment) noexcept;
  Address known_text(Address place) noexcept;
  void look_at_object(Address place, Address object, bool in_interpreter) noexcept;
  void look_at_entry(Address entry, Address place) noexcept;
  bool is_text_of(Address text, Address object, uint64_t& length) const noexcept;
  void vote(AddressMap<uint32_t>& votes, Votes& best, Address begin) noexcept;
  Address method_cache_begin(Address place, Address name) const noexcept;
  void add_method_cache() noexcept;
  void add_characters() noexcept;
  void add(Address place) noexcept;

  Walk& walk_;
  const runtime::ModuleList& modules_;
  AddressMap<uint32_t> cache_votes_, character_votes_;
  Votes cache_{}, characters_{};
};

enum class StaticPlace : uint8_t { kNone, kOfAgent, kDescribed };
// "libname.so + 0x1234" for a place in the data of a module of the program.
StaticPlace describe_static_place(const runtime::ModuleList& modules, Address place, runtime::Text& out) noexcept;

}  // namespace reftally::python
