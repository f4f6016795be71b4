// Types, variables and source positions of the modules of an image, read with libdw (DWARF 4 and 5, separate
// debug files, build-id folders, dwz, split DWARF). Types are loaded lazily and live as long as DebugTypes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/base/source_frame.h"
#include "analyzer/image/image.h"

namespace reftally {

struct Type;

struct SourceLocation {
  std::string file;  // as in the line table
  uint32_t line = 0;
};

struct TypeMember {
  std::string name;  // empty for an anonymous member or a base class
  uint64_t offset = 0;
  const Type* type = nullptr;
  bool is_base = false;
  bool is_virtual_base = false;  // offset unknown without the vtable: DebugTypes::virtual_base_offset
  int64_t vtable_offset = 0;     // of a virtual base: from the vtable pointer to the word that holds its offset
  bool is_bit_field = false;
  bool is_address = false;  // declared as uintptr_t or intptr_t, whatever integer that is
  SourceLocation location;
};

struct Type {
  enum class Kind : uint8_t {
    kClass,
    kUnion,
    kPointer,
    kReference,
    kArray,
    kBase,
    kEnum,
    kFunction,
    kMemberPointer,
    kVoid
  };
  Kind kind = Kind::kVoid;
  std::string name;        // qualified, as demangle_type() prints it: "std::vector<std::shared_ptr<Child>, …>"
  std::string short_name;  // unqualified with template arguments: "vector<…>"
  std::string scope;       // "std", "boost::detail", "" …
  uint64_t size = 0;
  uint64_t alignment = 0;       // in bytes, where it is said (alignas, vectors); alignment_of() knows the rest
  bool is_declaration = false;  // incomplete everywhere in the debug information
  bool is_closure = false;      // a lambda's class: name is "[lambda FILE:LINE]"
  SourceLocation location;
  const Type* target = nullptr;                 // pointee, element, typedef already peeled
  uint64_t element_count = 0;                   // arrays
  std::vector<TypeMember> members;              // bases first, then data members, in order of declaration
  std::vector<const Type*> template_arguments;  // type arguments only, packs flattened
  std::vector<int64_t> template_values;         // integral arguments only
  bool has_user_destructor = false;

  // "vector" for "vector<…>": the template's own name.
  std::string_view template_name() const;
};

struct Variable {
  std::string name;      // qualified; a function static is "function()::name"
  uint64_t address = 0;  // run-time address; for thread-local ones the offset from the thread's TLS block of module
  bool is_thread_local = false;
  const ImageModule* module = nullptr;
  const Type* type = nullptr;
  SourceLocation location;
};

// A variable of a call that has not returned, in memory.
struct LocalVariable {
  std::string function;  // "run()"
  std::string name;
  uint64_t address = 0;
  const Type* type = nullptr;
};

struct VtableSymbol {
  uint64_t vtable = 0;    // what objects point to
  std::string_view type;  // mangled, as in type_info
};

struct DebugOptions {
  std::string sysroot;                  // prefix for module paths
  std::vector<std::string> debug_dirs;  // searched before the system's
  std::string type_map;                 // file of `reftally lint --type-map`, for types that DWARF does not tell
  uint32_t living = 0;                  // the process that the image is of: its files as it sees them, deleted ones too
  bool use_dwarf = true;                // off: symbols only (to test what is left without -g)
};

class DebugTypes {
 public:
  DebugTypes(const Image& image, const DebugOptions& options);
  ~DebugTypes();

  const Type* find(std::string_view demangled_name) const;          // nullptr when unknown
  const Type* find_mangled(std::string_view type_info_name) const;  // name as in type_info
  const std::vector<Variable>& variables() const;  // statics, namespace-scope and thread-local ones, of all modules
  // Classes of 8 bytes with a destructor of their own and one member or base: what may be a smart pointer.
  std::vector<const Type*> classes_of_one_word() const;
  // The size of the class whose objects point to this vtable, as its code has it; nothing when unknown.
  std::optional<uint64_t> size_in_code(uint64_t vtable) const;
  // Function symbol (mangled) whose code contains address, from DWARF or .symtab; empty when unknown.
  std::string symbol_at(uint64_t address) const;
  // Data symbol + offset: "g_registry + 0x10"; empty when unknown.
  std::string data_symbol_at(uint64_t address) const;
  // Where a thread-local variable lies in a thread; nothing when the thread has not touched its module's variables.
  std::optional<uint64_t> thread_local_address(uint32_t thread, const Variable& variable) const;
  // The vtables a module has symbols of.
  std::vector<VtableSymbol> vtables_of(const ImageModule& module) const;
  // What source calls the static, thread-local, stack or register word that holds a reference: "g_registry.last_",
  // "run(): sessions[2]", "rbx, run(): self"; from symbols "g_registry + 0x10", "run() + 0x18"; empty when unknown.
  // Threads by their index in the image.
  std::string static_place(uint64_t address) const;
  std::string thread_local_place(uint32_t thread, uint64_t address) const;
  bool runs(uint32_t thread, std::span<const std::string_view> functions) const;  // as function_title, "exit()"
  std::string stack_place(uint32_t thread, uint64_t address) const;
  std::string register_place(uint32_t thread, uint64_t number) const;
  std::vector<LocalVariable> local_variables(uint32_t thread) const;  // innermost call first
  // Call stack positions of a return address, innermost inlined function first. Looks up address - 1.
  std::vector<SourceFrame> source_frames(uint64_t return_address) const;
  // The class of *this in a closure's operator(), given the mangled name of a symbol local to it (a std::function
  // manager or invoker names the closure in its template arguments); nullptr when unknown.
  const Type* closure_of_symbol(std::string_view mangled) const;
  const Type* closure_of_function(uint64_t address) const;  // the same, given the manager or invoker itself
  // The class whose member function begins at the address; nullptr when unknown.
  const Type* class_of_function(uint64_t address) const;
  // By class: whether its destructor's code is known, and frees nothing. Such a class owns nothing it points to.
  std::vector<bool> never_free(std::span<const Type* const> classes) const;
  // Where the end of an object of this class, whose control block has this vtable, comes to its own shared_from_this();
  // nothing where its code does not show that.
  std::optional<SourceFrame> shared_this_at_end(const Type& type, uint64_t vtable) const;
  // The frame of the coroutine that the function at the address destroys, as far as DWARF tells what stands there:
  // coroutine_frames.h; nullptr when unknown.
  const Type* coroutine_frame(uint64_t destroy_function) const;
  // From the begin of `object` to its virtual base `base`, as the object's vtable has it.
  std::optional<int64_t> virtual_base_offset(uint64_t object, const TypeMember& base) const;
  // What lowers detail of a report that speaks of these modules (by path), each once: missing debug files, packages.
  std::vector<std::string> warnings(const std::set<std::string>& modules_in_use) const;

 private:
  const Type* class_of_destructor(std::string_view type_info_name) const;

  struct Data;
  std::unique_ptr<Data> data_;
};

std::string demangle(std::string_view mangled);              // symbol; the input when it is not mangled
std::string demangle_type(std::string_view type_info_name);  // type_info name, in the spelling of Type::name

}  // namespace reftally
