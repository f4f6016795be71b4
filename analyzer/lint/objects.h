// Objects of one function and who holds whom, as far as its steps prove it. Functions are read callees first: what a
// callee stores in its parameters is replayed at each call (its summary), so `child->set_parent(self)` is a store.
//
// One pass in source order, no loops: `for (…) { cur->next = make(); cur = cur->next; }` must not look like a node that
// holds itself. Two reads of a container are two elements; two reads of a plain member are one object, unless something
// was stored in that member, of whatever object, in between: what a rotation of a tree moves about closes no cycle.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/lint/program.h"

namespace reftally::lint {

enum class ObjectKind : uint8_t { kThis, kParam, kMember, kNew, kResult, kNull };

inline const Key kElementKey = "[]";  // in place of a field: an element of a container, or of what a loop made

struct Object {
  ObjectKind kind = ObjectKind::kNull;
  uint32_t index = 0;   // parameter, or the step that makes it; of a plain member how often its like had been stored in
  uint32_t parent = 0;  // kMember: the object it is a member of; of a callee: which choice of its arguments made it
  uint32_t inner = 0;   // kNew of a callee: which of its objects, plus one
  Key id;               // kMember: field; kNew, kResult, kParam, kThis: class
  auto operator<=>(const Object&) const = default;
};

// Where a store was written, and how the reference got into the closure.
struct StoreSite {
  Location location;
  std::string function;  // that contains the store
  std::string capture;   // "self", or empty when stored directly
  bool is_bind = false;
  Location closure;  // where the lambda or bind is written
  void adopt_capture(const StoreSite& other) {
    capture = other.capture;
    is_bind = other.is_bind;
    closure = other.closure;
  }
  auto operator<=>(const StoreSite& other) const {
    return std::tie(location.file, location.line, location.column, capture) <=>
           std::tie(other.location.file, other.location.line, other.location.column, other.capture);
  }
  bool operator==(const StoreSite& other) const { return (*this <=> other) == 0; }
};

struct ObjectEdge {
  uint32_t from = 0, to = 0;
  Key field;                  // "*" is the content of a shared_ptr to a callable
  uint32_t site = 0;          // row of ObjectGraph::sites; 0 for a member that was only read
  uint32_t until = kForever;  // of a member that was only read: how many edges there were when it was overwritten

  static constexpr uint32_t kForever = 0xffffffff;
};

// Something is carried: an object, directly or as the capture of a closure.
struct Atom {
  uint32_t object = 0, closure = 0;  // closure: row of ObjectGraph::sites (capture, is_bind, closure), 0 when direct
  auto operator<=>(const Atom&) const = default;
};
using Value = std::vector<Atom>;  // sorted, unique

struct Emptied {  // evidence that a field is given up
  Key field;
  Location location;
  std::string how;
  const FunctionFact* function = nullptr;
  bool escapes = false;  // the field's address is handed out: perhaps emptied elsewhere
};

struct ObjectGraph {
  const FunctionFact* function = nullptr;
  std::vector<Object> objects;
  std::vector<ObjectEdge> edges;
  std::vector<StoreSite> sites{1};
  std::set<Key> overwritten;  // fields, of whatever object
  Value returns;
};

class ObjectGraphs {
 public:
  explicit ObjectGraphs(const Program& program);
  const std::vector<ObjectGraph>& graphs() const { return graphs_; }
  const std::vector<Emptied>& emptied() const { return emptied_; }

 private:
  friend class Interpreter;
  const Program& program_;
  std::vector<ObjectGraph> graphs_, summaries_;
  std::vector<Emptied> emptied_;
  std::unordered_map<Key, size_t> by_function_;
};

}  // namespace reftally::lint
