// How source reads the place of a reference: "Session", "routes_[].handler_". Paths form a trie, so that walking a
// million elements makes no strings; the text of a path is made when a reference is found there, once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/image/debug_types.h"

namespace reftally {

enum class PathId : uint32_t {};  // 0: nothing yet

struct PathText {
  std::string owner;  // class that declares the first member; empty for variables
  std::string path;
  SourceLocation location;  // of the last member the program declared
};

class Paths {
 public:
  Paths() : nodes_(1) {}

  PathId variable(const Variable& variable);
  // Members of library classes whose names begin with '_' leave the path as it is.
  PathId member(PathId path, const Type& declaring, const TypeMember& member);
  // "[]", for an element of this type. A type inside itself (a tree by value) goes back to where it was first, so that
  // paths do not grow with the data.
  PathId element(PathId path, const Type* type);
  PathId step(PathId path, std::string_view text);  // literal, e.g. ".get_deleter()"
  // Into a closure: ".[lambda session.cpp:42]"
  PathId closure(PathId path, const Type& type);
  PathId bound(PathId path);  // ".bind"
  PathId key(PathId path);    // "[key]"

  // Whether a map has it for a key: it tells things apart, and nobody asks for what it leads to.
  bool is_key(PathId path) const { return nodes_[static_cast<uint32_t>(path)].is_key; }
  // Whether a call will get what stands there, to run as its object: a closure's `this`, or bound.
  bool is_of_callback(PathId path) const { return nodes_[static_cast<uint32_t>(path)].is_of_callback; }

  // The outermost container on the way: "routes_" of "routes_[].handler_"; the path itself when there is none.
  PathId container(PathId path) const;
  PathText text(PathId path) const;

 private:
  struct Node {
    PathId parent{};
    std::string text;
    const Type* owner = nullptr;    // set on the first member
    const Type* element = nullptr;  // set on elements
    SourceLocation location;
    bool is_of_callback = false, is_key = false;
  };
  template <class Make>
  PathId child(PathId path, const void* key, Make make);  // make() gives the Node when it is new
  const std::string& literal(std::string_view text);
  PathId find_member(PathId path, const Type& declaring, const TypeMember& member);
  PathId inside_closure(PathId path, const Type& type);

  std::vector<Node> nodes_;
  struct Key {
    PathId parent{};
    const void* key = nullptr;
    bool operator==(const Key&) const = default;
  };
  struct HashKey {
    size_t operator()(const Key& key) const {
      return reinterpret_cast<uintptr_t>(key.key) * 0x9e3779b97f4a7c15 + static_cast<uint32_t>(key.parent);
    }
  };
  std::unordered_map<Key, PathId, HashKey> children_;
  // Members that were asked for last: a million values of one class ask for the same few.
  struct Recent {
    Key key{};
    const Type* declaring = nullptr;
    PathId child{};
  };
  std::vector<Recent> recent_ = std::vector<Recent>(256);
  struct HashText {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_set<std::string, HashText, std::equal_to<>>
      literals_;  // gives each literal step an address of its own
};

bool is_library_scope(std::string_view scope);  // std, __gnu_cxx, boost, and what is inside them

}  // namespace reftally
