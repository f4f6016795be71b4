// What one translation unit says, without clang: records, functions as small programs, call sites worth a rule.
// Written by translation_unit*.cc (clang), kept in the cache as JSON lines, read by program.cc. A line never mentions
// the translation unit it came from, so the same header gives the same line everywhere and is read once.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace reftally::lint {

// Hash of clang's unified symbol resolution string (USR), 16 hexadecimal digits: equal in every translation unit.
using Key = std::string;

struct Location {
  std::string file;  // absolute
  uint32_t line = 0, column = 0;
};

// How a member holds what it names.
enum class Hold : uint8_t {
  kValue,     // the other object lies inside
  kUnique,    // unique_ptr: owns, nobody counts
  kStrong,    // shared_ptr, intrusive_ptr: owns and counts
  kCallable,  // std::function: owns what its closure captured
  kOpaque,    // std::any, shared_ptr<void>: owns something, the type says not what
  kWeak,
  kRaw,
};

struct FieldEdge {
  Hold hold = Hold::kValue;
  Key target;  // class; empty for callable and opaque
  bool many = false;
  bool is_const = false;  // shared_ptr<const T>
};

struct FieldFact {
  Key key;
  std::string name, type;
  uint32_t line = 0, column = 0;  // in the record's file
  int64_t offset = -1;            // bytes; -1 for a bit-field
  bool is_const = false;
  std::vector<FieldEdge> edges;
};

struct BaseFact {
  Key key;
  int64_t offset = 0;  // bytes; -1 when virtual
};

struct RecordFact {
  Key key;
  std::string name;     // "ns::Session<int>"
  std::string rtti;     // Itanium type string, "N2ns7SessionIiEE": what follows _ZTS
  std::string pattern;  // "ns::Session" of an instantiation, else empty
  Location location;
  uint64_t size = 0;
  bool is_polymorphic = false, has_virtual_destructor = false, has_user_destructor = false;
  bool counts_itself = false;  // derives from enable_shared_from_this
  bool is_union = false;
  std::vector<BaseFact> bases;
  std::vector<FieldFact> fields;
};

// A function body as a list of steps in source order. A step that makes a value is named by its index.
enum class StepKind : uint8_t {
  // values
  kThis,     // the object the function is called on (shared_from_this() too)
  kParam,    // index: the parameter's content; text: class
  kLocal,    // index: the content of a local variable at this point
  kLoad,     // args[0].id
  kElement,  // something in the container args[0], perhaps another thing each time; text: the index as it is written
  kNew,      // a new object of class id; text: constructor key or empty; args: constructor arguments; flag: in a loop
  kCall,     // id: callee; args[0]: receiver or kNone; then arguments; text: class of the result; flag: virtual;
             // index: kResultIsObject …
  kClosure,  // args: what a lambda or bind keeps alive; text: their names, "self,buffer"; flag: bind
  kUnion,    // args: one of, or all of, these
  kNull,
  // effects
  kSet,         // local index = args[0]; flag: may not happen; index: 1 in a loop that the local outlives
  kStore,       // args[0].id = args[1]
  kClear,       // args[0].id is emptied; text: how
  kEscape,      // address of args[0].id is handed out, so anybody may empty it; text: how
  kReturn,      // args[0]
  kSharedThis,  // shared_from_this() on `this`, outside of lambdas; flag: under a condition
};

inline constexpr uint32_t kResultIsObject = 1, kMayNotHappen = 2, kInLambda = 4;  // bits of kCall's index
inline constexpr uint32_t kNone = 0xffffffff;

struct Step {
  StepKind kind = StepKind::kNull;
  uint32_t line = 0, column = 0;  // in the function's file
  uint32_t index = 0;
  bool flag = false;
  Key id;
  std::string text;
  std::vector<uint32_t> args;
};

struct FunctionFact {
  Key key, owner;    // owner: class, or empty
  std::string name;  // "ns::Session::start"
  Location location;
  bool is_constructor = false, is_destructor = false, is_virtual = false, is_defaulted = false;
  uint32_t parameters = 0;
  std::vector<Key> overrides;
  std::vector<Key> calls;  // every project function called, for "who calls Stop()?"
  std::vector<std::string> locals;
  std::vector<Step> steps;
};

// A place that a rule reports by itself.
struct SiteFact {
  std::string rule;
  Location location;
  Key subject;  // class it is about
  std::string message;
  std::string detail;  // enters the fingerprint
  std::vector<std::pair<Location, std::string>> notes;
  std::string severity;  // "error", "warning", "note"
  // What must be said of other code for this to be a fault (python_rules.cc): "+this|or-that", "-not-this".
  std::vector<std::string> needs;
};

// How a type lies in memory, for the type map; made only when one is asked for. Types are named by the Itanium
// encoding that their type_info has ("N2ns7SessionE"), const and volatile dropped; a type without one (an unnamed
// union, a closure of a function that is not inline) by the encoding of what is around it.
struct LayoutMember {
  std::string name, type;
  uint64_t offset = 0;
  bool is_base = false, is_virtual_base = false, is_bit_field = false;
  int64_t vtable_offset = 0;  // of a virtual base
  uint32_t line = 0;
};

struct LayoutFact {
  enum class Kind : uint8_t { kClass, kUnion, kPointer, kReference, kArray, kBase, kEnum, kFunction, kMemberPointer };
  std::string rtti;
  Kind kind = Kind::kBase;
  uint64_t size = 0, alignment = 1, count = 0;  // count: of an array
  bool is_complete = true, is_polymorphic = false, is_closure = false, has_user_destructor = false;
  Location location;
  std::string target;  // pointee or element
  std::vector<LayoutMember> members;
  std::vector<std::string> arguments;
  std::vector<int64_t> values;
  // A closure of a function that is not inline: its function (mangled), parameters, and its number among the
  // closures there that take the same; g++ names it so in symbols.
  std::string function;
  std::vector<std::string> parameters;
  uint32_t number = 0;
};

struct Facts {
  std::vector<RecordFact> records;
  std::vector<FunctionFact> functions;
  std::vector<SiteFact> sites;
  std::vector<LayoutFact> layouts;
  std::vector<std::string> includes;  // every file read, absolute
  std::vector<std::string> errors;    // the first few of clang's, "file:line: message"
  uint32_t error_count = 0;
};

// One JSON line a fact, in a fixed order.
void write_facts(const Facts& facts, std::ostream& out);
// Adds the fact of one line; throws Error on anything else.
void read_fact(std::string_view line, Facts& facts);

}  // namespace reftally::lint
