// The heap as columns by ObjectId: counted objects, blocks, the references between them, and roots.
// Everything after lift() reads this; nothing writes it but HeapBuilder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/base/csr.h"
#include "analyzer/base/growing_column.h"
#include "analyzer/base/ids.h"
#include "analyzer/base/string_table.h"
#include "runtime/dump/format.h"

namespace reftally {

inline constexpr int64_t kUncounted = -1;  // strong_count of a block: nobody counts references to it

enum class FlavourId : uint8_t { kBlock = 0, kSharedPtr, kIntrusive, kDeclared, kPython, kGObject };

// The count stands in the object, and any pointer to it may be one that counts.
constexpr bool counts_inside(FlavourId flavour) {
  return flavour == FlavourId::kIntrusive || flavour == FlavourId::kGObject || flavour == FlavourId::kDeclared;
}

enum class ReferenceKind : uint8_t {
  kStrong = 0,     // pays for one unit of the referent's strong count, or owns an uncounted referent
  kWeak = 1,       // does not own
  kRaw = 2,        // a word that points there; owns nothing that is counted
  kAmbiguous = 3,  // "strong or weak": cannot be told apart; keeps alive, never subtracts
};

enum class Certainty : uint8_t {
  kExact = 0,         // from a type, a container's bounds, or a declaration
  kCounted = 1,       // from counts: as many such words as the count has units
  kConservative = 2,  // a word that looks like it
};

using RootKind = dump::RootKind;

struct HeapType {
  StringId name;         // "Session", "[lambda session.cpp:42]", "block of 64 bytes"
  StringId location;     // "session.h:12" or empty
  uint32_t flags = 0;    // dump::kType…
  StringId finalizer{};  // what the program calls the function that frees an object, or empty
};

// How source reads a reference from an object. Containers' indexes are `[]` here, so that equal shapes have equal
// labels; the index of one reference is in its `element`.
struct HeapLabel {
  StringId owner;      // class that declares the member: "Session"; may be a base of the object's type
  StringId path;       // "routes_[].handler_"; "" when unknown
  StringId location;   // "session.h:18" or empty
  uint32_t flags = 0;  // kLabel…
};
inline constexpr uint32_t kLabelDotted = 1u << 1;  // source reads it as owner.path, not owner::path
inline constexpr uint32_t kLabelHidden = 1u << 0;  // owned, but the runtime's cycle collector does not see it
inline constexpr uint32_t kLabelFixed = 1u << 2;   // part of the runtime's own structs: nobody can make it weak

inline constexpr int kLabelBits = 28;  // there are fewer of them

// Where in a container a reference stands: an index, or a key that is a number; with kElementText, the StringId of a
// key's text.
inline constexpr uint32_t kNoElement = 0xffffffff;
inline constexpr uint32_t kElementText = 1u << 31;

// Flags of objects beside dump::kObject…. Such an object is alive as long as any word leads to it.
inline constexpr uint32_t kObjectCountIsDoubtful = 1u << 16;  // it may be one of something else than owners
// A word that is no pointer to its class leads to it: the void* of a callback, or what the kernel keeps for one.
// Whoever gets it back may own the object.
inline constexpr uint32_t kObjectHasUntypedHolder = 1u << 17;
// A thread that was at work has its address: its members may be half changed, its count lowered before the pointer
// goes.
inline constexpr uint32_t kObjectInHand = 1u << 18;

// What a container holds by value is part of its owner's size; large parts are told by member as well.
struct HeapStorage {
  ObjectId owner;
  LabelId member;  // "cache_.pages_"
  uint64_t bytes;
};
inline constexpr uint64_t kStorageWorthNaming = 2048;  // bytes

struct HeapRoot {
  ObjectId to;
  RootKind kind;
  ReferenceKind reference;  // kStrong with kExact pays for one unit
  Certainty certainty;
  StringId name;         // "g_registry.sessions_[]", "thread 3 (worker), stack of run()"
  StackId acquired{};    // that took the reference, as events tell; 0 unknown
  bool in_hand = false;  // as kObjectInHand, of the variable that refers
};

// References that events tell of and no reference in memory accounts for: taken, and the holder does not refer to the
// object any more; or (balance < 0) given back by a holder that had taken none.
struct HeapTally {
  ObjectId object;
  StackId stack;
  int32_t balance;
  bool undecided = false;  // which of the object's references were given back is not known, the first one's included
};

class Heap {
 public:
  // ---- columns by ObjectId
  std::vector<uint64_t> address;
  std::vector<uint64_t> size;  // shallow size: control block, object and storage it owns by value
  std::vector<TypeId> type;
  std::vector<FlavourId> flavour;
  std::vector<int64_t> strong_count;  // or kUncounted
  std::vector<int64_t> weak_count;    // without the implicit one of the strong references
  std::vector<StackId> birth_stack;
  std::vector<uint32_t> birth_order;
  std::vector<uint32_t> flags;  // dump::kObject…
  std::vector<StringId> note;   // "expect_released: reason", or empty

  // ---- references, by referrer
  CsrOffsets references;
  std::vector<ObjectId> referent;
  std::vector<LabelId> label;
  std::vector<uint32_t> element;  // in a container, see kNoElement
  std::vector<ReferenceKind> kind;
  std::vector<Certainty> certainty;

  // ---- reference count events, when the program told any
  bool has_events = false, events_lost = false;
  bool only_hooks_told = false;        // of GObjects and their like: nothing is known of other objects' events
  std::vector<StackId> acquired;       // by reference: the call that took it, 0 unknown
  std::vector<HeapTally> tallies;      // by object
  std::vector<int64_t> event_balance;  // by object: acquires less releases
  std::vector<int64_t> open_acquires;  // by object: taken by words that may be references, but pay for no count

  std::vector<HeapRoot> roots;  // by `to`
  std::vector<HeapStorage> storage;
  std::vector<HeapType> types;    // row 0: unknown
  std::vector<HeapLabel> labels;  // row 0: none
  StringTable strings;
  bool is_exiting = false;                // destructors of static or thread-local variables were running
  bool collector_is_off = false;          // there is a cycle collector, and it runs only when told to
  uint64_t block_count = 0;               // allocations these objects cover
  std::vector<ObjectId> object_of_block;  // by index of the image's blocks; of one that several share, what is left
  uint64_t block_bytes = 0;

  uint32_t object_count() const { return static_cast<uint32_t>(address.size()); }
  bool is_counted(ObjectId object) const { return strong_count[index(object)] != kUncounted; }
  // Counted, and its count says something: an immortal object's does not.
  bool has_account(ObjectId object) const {
    return is_counted(object) && (flags[index(object)] & dump::kObjectImmortal) == 0;
  }
  std::string_view type_name(ObjectId object) const { return strings[types[index(type[index(object)])].name]; }
  std::string_view text(StringId id) const { return strings[id]; }
  std::string element_text(uint64_t reference) const;  // "3", "\"/a\""; empty when there is none
};

// Collects objects, references and roots in any order; build() sorts and freezes them.
class HeapBuilder {
 public:
  struct Object {
    uint64_t address = 0, size = 0;
    TypeId type{};
    FlavourId flavour = FlavourId::kBlock;
    int64_t strong_count = kUncounted, weak_count = 0;
    StackId birth_stack{};
    uint32_t birth_order = 0, flags = 0;
    StringId note{};
    int64_t event_balance = 0, open_acquires = 0;
  };
  struct Reference {
    ObjectId from, to;
    LabelId label{};
    ReferenceKind kind = ReferenceKind::kStrong;
    Certainty certainty = Certainty::kExact;
    uint32_t element = kNoElement;
    StackId acquired{};
  };

  // A reference as it is kept until build(), and columns of them: many.
  struct ReferenceRow {
    ObjectId from, to;
    uint32_t element;
    LabelId label : kLabelBits;
    ReferenceKind kind : 2;
    Certainty certainty : 2;
  };
  static_assert(sizeof(ReferenceRow) == 16);
  struct References {
    GrowingColumn<ReferenceRow> rows;
    GrowingColumn<StackId> acquired;  // by row; empty when no event tells
  };
  // What may still change of an object that was added.
  struct ObjectRow {
    uint64_t &address, &size;
    TypeId& type;
    FlavourId& flavour;
    int64_t &strong_count, &weak_count;
    StackId& birth_stack;
    uint32_t &birth_order, &flags;
    StringId& note;
  };

  HeapBuilder();
  void expect_objects(size_t count);  // so many will be added
  ObjectId add_object(const Object& object);
  void add_reference(const Reference& reference);
  void add_references(References references);
  void add_root(const HeapRoot& root);
  void add_storage(const HeapStorage& storage) { heap_.storage.push_back(storage); }
  TypeId add_type(std::string_view name, std::string_view location = {}, uint32_t flags = 0);  // interned
  LabelId add_label(std::string_view owner, std::string_view path, std::string_view location = {},
                    uint32_t flags = 0);  // interned
  StringId intern(std::string_view text);
  void set_finalizer(TypeId type, std::string_view name) { heap_.types[index(type)].finalizer = intern(name); }
  void set_exiting() { heap_.is_exiting = true; }
  void set_collector_off() { heap_.collector_is_off = true; }
  void set_events(bool lost, bool only_hooks_told = false);
  void add_tally(const HeapTally& tally) { heap_.tallies.push_back(tally); }
  void set_block_totals(uint64_t count, uint64_t bytes);
  void set_objects_of_blocks(std::vector<ObjectId> objects) { heap_.object_of_block = std::move(objects); }
  ObjectRow object(ObjectId id) {
    const size_t i = index(id);
    return {heap_.address[i],    heap_.size[i],        heap_.type[i],        heap_.flavour[i], heap_.strong_count[i],
            heap_.weak_count[i], heap_.birth_stack[i], heap_.birth_order[i], heap_.flags[i],   heap_.note[i]};
  }
  void set_event_balance(ObjectId id, int64_t balance) { event_row(heap_.event_balance, id) = balance; }
  void add_open_acquire(ObjectId id) { ++event_row(heap_.open_acquires, id); }
  uint32_t object_count() const { return heap_.object_count(); }

  Heap build() &&;  // references of one referrer keep the order in which they were added

 private:
  int64_t& event_row(std::vector<int64_t>& column, ObjectId id);
  void sort_references();

  std::vector<References> references_;  // to the last of these more are added
  std::vector<HeapRoot> roots_;
  Heap heap_;  // all else
  std::unordered_map<uint64_t, TypeId> type_ids_;
  std::unordered_map<std::string, LabelId> label_ids_;
};

}  // namespace reftally
