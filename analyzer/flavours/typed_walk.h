// References told by types: walks every value whose type is known and takes down what refers from where, by name.
// Known are the values of counted objects (their control block says so), static variables, polymorphic blocks (their
// vtable says so), and blocks that a typed pointer leads to.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/flavours/counts.h"
#include "analyzer/flavours/naming.h"
#include "analyzer/flavours/own_counts.h"
#include "analyzer/flavours/words.h"
#include "analyzer/layouts/operations.h"
#include "analyzer/layouts/walker.h"

namespace reftally {

struct TypedReferences {
  explicit TypedReferences(const Image& image) : references(image) {}

  DraftReferences references;
  std::vector<DraftRoot> roots;
  KnownReferences known() const { return {{references.rows.begin(), references.rows.end()}, roots}; }
  std::vector<MetPointer> met;                    // that may count inside what they point to
  std::unordered_map<uint64_t, LabelId> outward;  // by place: pointers out of all blocks, when objects are declared
  std::vector<DraftStorage> storage;
  std::vector<HolderId> untyped;  // counted objects that pointers of no type, or of another, lead to
};

class TypedWalk final : private ValueVisitor {
 public:
  TypedWalk(const Image& image, const DebugTypes& types, const CountedObjects& counted, Holders& holders,
            WordStates& states, Naming& naming, HeapBuilder& builder, const CountedPointers& own,
            const StatedCounts& stated, PlainPointers plain);

  TypedReferences run();
  bool is_unknown(uint32_t block) const { return !walked_[block] && holders_.is_free(block); }  // after run
  bool knows_class(HolderId counted) { return value_type(counted_.objects[counted]) != nullptr; }
  TypedReferences nothing();  // what is known without types
  // Names for what only calls under way hold, after run: typed_walk_calls.cc.
  void name_what_calls_hold(TypedReferences& found);

 private:
  static bool is_walkable(const Type* type) { return type && !type->is_declaration && type->size > 0; }

  struct Range {
    uint64_t begin, end;
  };
  struct Pointee {
    uint32_t block;
    uint64_t address;
    const Type* type;
    bool is_owned;
  };

  struct Elements {
    HolderId holder;
    const Type* type;
    uint64_t begin, count;
  };

  void tell_fields();
  void walk_variables();
  void walk_variable(const Variable& variable, uint64_t address);
  void walk_local(const LocalVariable& variable);
  void hold_by_call(uint32_t block, StringId name, uint64_t at);
  void name_word(const Value& at, HolderId to);
  void name_pointee(const Value& at, uint64_t target, const Type* pointee, bool owns);
  bool name_storage(uint32_t block, uint64_t bytes);
  void walk_counted_values();
  void walk_counted_value(HolderId holder);
  bool stands_in(uint32_t block, uint64_t address) const;
  void walk_deleter(HolderId holder);
  const Type* value_type(const CountedObject& object);
  const Type* class_by_control_block(const CountedObject& object) const;
  const Type* class_by_vtable(uint64_t value, std::string_view name) const;
  bool walk_dynamic(HolderId holder, uint32_t block);  // by the vtable in the block's first word
  void walk_polymorphic_blocks();
  void walk_coroutine(uint32_t block);  // by the functions that its frame begins with
  bool walk_slot(uint32_t block);       // by the function it carries
  bool walk_exception(uint32_t block);
  void walk_pointees();
  void walk_pointee(const Pointee& pointee);
  void walk_elements(const Elements& elements);
  void walk_block(uint32_t block, const Type& type);
  bool walk_operation(const Pointee& pointee);
  bool walk_new_array(const Pointee& pointee);
  void walk_array(HolderId holder, const Type& type, uint64_t begin, uint64_t count);
  void walk_value(HolderId holder, const Type& type, uint64_t address, uint32_t index = kNoIndex);
  void walk(const Value& value, uint64_t end);
  void bury_what_is_left();
  void note_storage(uint64_t bytes);
  void flush_storage();

  // Where a plain pointer stands, as a person names it, and the counter it pays, if it does.
  struct Place {
    std::string name;  // empty where there is none
    std::optional<int64_t> counter;
  };
  const Place& place_of(PathId path);
  bool may_pay(const Place& place, const Type& pointee);

  // counted_.at, mostly asked twice: whether there is one, and which.
  uint32_t counter_at(uint64_t address) const;
  HolderId leads_to_holder(uint64_t word) const;
  bool leads_as_its_class(HolderId to, const Type* pointee);

  LabelId label(PathId path);
  StringId root_name(PathId path);

  bool take(uint64_t word) override;
  bool is_counter(uint64_t address) const override;
  uint64_t counter_of_object(uint64_t address) const override;
  void counted(const Value& at, uint64_t counter, bool strong) override;
  void pointer(const Value& at, uint64_t target, const Type* pointee, bool owns) override;
  bool storage(uint64_t address, uint64_t bytes) override;
  void elements(uint64_t counter, const Type& element, uint64_t begin, uint64_t count) override;
  bool is_of_pool(const ImageBlock& block, uint64_t bytes) const;
  void opaque(uint64_t begin, uint64_t end, PathId at) override;
  void alternative(const Value& at, const Type* pointee) override;
  uint32_t key(std::string_view text) override {
    return named_ ? kNoIndex : kElementText | index(builder_.intern(text));
  }
  void lone_pointer(const Type& type, uint64_t target, uint64_t value) override;
  void add(const Value& at, HolderId to, ReferenceKind kind);

  const Image& image_;
  const DebugTypes& types_;
  const CountedObjects& counted_;
  Holders& holders_;
  WordStates& states_;
  Naming& naming_;
  HeapBuilder& builder_;
  const CountedPointers& own_;
  const StatedCounts& stated_;
  PlainPointers plain_;
  Paths paths_;
  Walker walker_;
  Slots slots_;
  TypedReferences found_;
  std::deque<Pointee> pointees_;
  std::vector<Elements> elements_;                        // of counted objects, to be walked as theirs
  std::unordered_map<uint64_t, uint64_t> seen_elements_;  // how many, by address of the first
  bool declares_;                                         // the image has declared objects
  std::vector<uint8_t> walked_;                           // by block
  std::vector<bool> told_;  // by counted object: which of its pointers count is known; empty when of none

  std::optional<WordStates> named_;  // while only names are given: the words walked for that
  std::vector<DraftRoot> held_by_call_;

  mutable uint64_t asked_counter_ = 0;
  mutable uint32_t counter_there_ = CountedObjects::kNone;

  // the walk under way
  HolderId holder_ = kNoHolder;  // kNoHolder: a variable without storage so far
  const Variable* variable_ = nullptr;
  RootKind root_kind_ = RootKind::kStatic;
  uint32_t thread_ = 0;  // of a thread-local variable, or a local one
  const LocalVariable* local_ = nullptr;
  bool is_call_ = false;         // the value walked is that of a call to come: of a thread, of a packaged_task
  std::string_view owner_name_;  // for labels of paths that begin in a library class
  std::vector<Range> walked_ranges_, opaque_ranges_;
  std::vector<std::pair<PathId, uint64_t>> stored_;  // bytes, by container

  std::unordered_map<std::string, LabelId> labels_;           // of paths without an owner, by owner and path
  std::vector<std::optional<LabelId>> path_labels_;           // by PathId: of paths with one
  std::unordered_map<const Type*, TypeId> block_types_;       // of blocks that a pointer leads to
  std::vector<std::optional<const Type*>> value_types_;       // by StringId of CountedObjects::names, twice
  std::unordered_map<uint32_t, Place> places_;                // by PathId
  std::unordered_map<const Type*, bool> counts_references_;   // whether a class may
  std::unordered_map<uint64_t, StringId> path_root_names_;    // by thread + 1 and PathId
  std::map<std::pair<TypeId, const Type*>, bool> its_class_;  // by type of the object and pointee
};

}  // namespace reftally
