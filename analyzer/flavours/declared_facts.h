// Objects, references and roots that a runtime declared (dump/format.h, "declared facts"): nothing is guessed here.
// In a process with native blocks both halves are one heap: a word in a block that is a declared object's address is a
// reference of the block, a word in a declared object's body that points to a block is a reference of that object.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/flavours/declared_bodies.h"
#include "analyzer/heap/heap.h"
#include "analyzer/image/image.h"

namespace reftally {

class NativeSide {
 public:
  virtual ~NativeSide() = default;
  virtual ObjectId object_at(uint64_t place) const = 0;  // that owns the live block there; kNoObject
  virtual LabelId label_at(uint64_t place) = 0;          // of the word there
};

class DeclaredLift {
 public:
  // `native` may be null: nothing but declared facts.
  DeclaredLift(const Image& image, HeapBuilder& builder, NativeSide* native);

  void add_objects();
  void add_references();
  void add_roots();
  void add_events();  // what events told of declared objects
  void mark_expectations();

  // The declared object in whose body the word lies, when its account closes: what an object of an open account is
  // held by nobody knows, and so its words stay roots. kNoObject otherwise.
  ObjectId referrer_at(uint64_t place) const;
  LabelId word_label(uint64_t place);  // of a word that has a referrer
  const DeclaredBodies& bodies() const { return bodies_; }

 private:
  // What a label is made of, for references that differ in nothing else: nearly all do, and there are millions.
  struct RecentLabel {
    uint64_t owner = 0;  // its type, or where source names it, (row + 1) << 32
    uint64_t name = 0;
    uint32_t kind_and_length = 0;
    bool is_record = false;
    LabelId label{};
    bool same_parts(const RecentLabel& other) const {
      return owner == other.owner && name == other.name && kind_and_length == other.kind_and_length &&
             is_record == other.is_record;
    }
  };

  ObjectId object_id(uint32_t row) const { return ObjectId{first_ + row}; }
  std::string_view type_name(uint32_t row) const { return image_.text(facts_.types[facts_.objects[row].type].name); }
  bool is_pinned(const dump::DeclaredObject& object) const {
    return (object.flags & (dump::kObjectImmortal | dump::kObjectStatic)) != 0;
  }
  ObjectId native_object_at(uint64_t place) const;

  std::string place_of(const dump::DeclaredName& name) const;  // "session.py:12", or empty
  TypeId type_of(uint32_t row);
  void find_namespaces();
  void settle_by_counts();
  LabelId label_of(const dump::DeclaredReference& reference);
  LabelId make_label(const dump::DeclaredReference& reference, uint32_t owner);
  const dump::DeclaredName* name_of(uint32_t row) const;  // null: source does not name the object
  std::string path_of(const dump::DeclaredReference& reference) const;
  bool add_native_reference(const dump::DeclaredRoot& root);
  void join_blocks();

  const Image& image_;
  const DeclaredFacts& facts_;
  HeapBuilder& builder_;
  NativeSide* native_;
  DeclaredBodies bodies_;
  uint32_t first_;                                  // ObjectId of the first declared object
  std::vector<TypeId> types_;                       // by declared type
  std::vector<uint8_t> is_named_;                   // by object
  std::unordered_map<uint32_t, uint32_t> name_of_;  // row of facts_.names, by object
  std::vector<RecentLabel> recent_labels_;          // by hash of what it is made of
  std::vector<uint32_t> keys_;                      // by object: references with a key
  std::vector<uint32_t> owner_;                     // by object: whose __dict__ it is, + 1
  std::vector<uint8_t> settled_;  // by object: its words in C structs and static variables are its missing references
  std::vector<uint8_t> is_open_;  // by object: references to it are missing
};

void add_declared_facts(const Image& image, HeapBuilder& builder);

}  // namespace reftally
