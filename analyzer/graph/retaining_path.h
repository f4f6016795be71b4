// Why an object is alive: the path from a root to it that is easiest to believe and to read.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/heap/heap.h"

namespace reftally {

enum class Follow : uint8_t {
  kOwners,    // references that can own, and roots that can
  kAnything,  // every word: why a conservative search calls an object alive
};

// What holds an object only as long as some call lasts: stacks, frames, registers.
bool is_passing(RootKind kind);
// What a root is called in every dump of the program: a static's symbol, what the program or an interpreter names.
// Empty for what is elsewhere the next time, and for a static without a symbol, which has an offset for a name.
std::string_view lasting_name(const Heap& heap, const HeapRoot& root);

// Empty path with a root: held directly. No root: no path.
struct RetainingPath {
  std::optional<uint32_t> root;      // row of Heap::roots
  std::vector<uint64_t> references;  // rows of Heap::referent, from the root on
};

// One search over the whole heap serves all questions. Fewest doubtful steps first (a word without a type may be
// stale; whoever else holds what a cache or a call's context holds says more, and for longer), then from what lasts
// rather than from a call under way, then fewest steps, then by root, in the order a person looks for them: statics,
// thread-locals, frames, stacks, the rest. What is equal in all that is decided by signature, so that an object has the
// same path in another dump.
class RetainingPaths {
 public:
  explicit RetainingPaths(const Heap& heap) : heap_(heap) {}
  RetainingPath path_to(ObjectId object, Follow follow);

  // By object: equal for objects that are held in the same way: same root, same types and members on the way, without
  // the steps from a type to itself (a list's next_). Made of names, so that it is equal in another dump too; 0: no
  // path.
  std::vector<uint64_t> signatures(Follow follow);

  // Everything that has a path, nearest first, with what holds it: a reference, or, `from` being kNoObject, a root.
  using VisitHeld = std::function<void(ObjectId object, ObjectId from, uint64_t row)>;
  void for_each_held(Follow follow, const VisitHeld& visit);

  // How the search came to an object.
  static constexpr uint64_t kUnseen = ~uint64_t{0};
  struct Held {
    uint64_t by = kUnseen;  // reference, or the root's row
    uint64_t signature = 0;
    ObjectId from = kNoObject;  // referrer; kNoObject when held by a root
    uint32_t level = 0;         // of the search
  };

 private:
  struct Tree {
    std::vector<Held> held;       // by object
    std::vector<ObjectId> order;  // of arrival: referrers come first
  };
  const Tree& tree(Follow follow);

  const Heap& heap_;
  std::array<std::optional<Tree>, 2> trees_;  // by Follow, made when first asked for
};

}  // namespace reftally
