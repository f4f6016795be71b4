// Walks a value of a known type and reports the references in it, exactly: members at any depth, containers by their
// bounds, wrappers by what they hold. Whatever is inconsistent (a container caught in mid-change, damaged memory, a
// type that lies) is reported as opaque, and is then judged word by word; nothing here loops or throws on bad memory.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/base/growing_column.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"
#include "analyzer/layouts/counted_pointers.h"
#include "analyzer/layouts/paths.h"

namespace reftally {

inline constexpr uint32_t kNoIndex = 0xffffffff;

// A value to walk, or a place in one.
struct Value {
  const Type* type = nullptr;
  uint64_t address = 0;
  PathId path{};
  uint32_t index = kNoIndex;  // or key, in the innermost container that has such
};

// What the walk tells about a value.
class ValueVisitor {
 public:
  virtual ~ValueVisitor() = default;
  // The word at this address is about to be explained. False when it has been before: then the value was walked
  // already, or memory is not what it seems, and the walk turns back.
  virtual bool take(uint64_t word) = 0;
  virtual bool is_counter(uint64_t address) const = 0;
  // Of the object with a count inside that this address lies in; 0 where there is none.
  virtual uint64_t counter_of_object(uint64_t /*address*/) const { return 0; }
  // A strong or weak counted reference to the object whose counter is at `counter`.
  virtual void counted(const Value& at, uint64_t counter, bool strong) = 0;
  // A pointer that owns its pointee alone (unique_ptr), or owns nothing.
  virtual void pointer(const Value& at, uint64_t target, const Type* pointee, bool owns) = 0;
  // Memory of its own that the walked value keeps elements in, of so many bytes where that is known. False when it
  // belongs to somebody else.
  virtual bool storage(uint64_t address, uint64_t bytes = 0) = 0;
  // The values from `begin` on stand in the object with this counter, and the walked value alone tells how many.
  virtual void elements(uint64_t /*counter*/, const Type& /*element*/, uint64_t /*begin*/, uint64_t /*count*/) {}
  // Nothing is known of [begin, end), but that it is what stands at the path.
  virtual void opaque(uint64_t begin, uint64_t end, PathId at) = 0;
  // The word may be that of a smart or plain pointer to such a thing: one alternative of a union.
  virtual void alternative(const Value& /*at*/, const Type* /*pointee*/) {}
  // What stands for a key's text as a Value's index.
  virtual uint32_t key(std::string_view) { return kNoIndex; }
  // A class that may be a smart pointer, which nobody has said to count; its pointers are reported besides. `value` is
  // what it leads to where the count stands elsewhere, else 0.
  virtual void lone_pointer(const Type&, uint64_t /*target*/, uint64_t /*value*/) {}
};

class Walker;
struct Plan;
using WalkFunction = void (*)(Walker& walker, const Plan& plan, const Value& value);

// How to walk the values of one type; made once a type.
struct Plan {
  WalkFunction walk = nullptr;  // nullptr: nothing to find in such values
  bool is_leaf = false;         // the walk pushes nothing
  const Type* type = nullptr;
  std::vector<TypeMember> members;        // plain classes and unions: those with something to find
  const Type* element = nullptr;          // containers and wrappers
  uint64_t offsets[6] = {};               // as the layout says
  bool flag = false;                      // as the layout says
  std::vector<const Type*> alternatives;  // variant
};

// What a type-erased value holds, told by its manager function.
struct ManagedType {
  const Type* type = nullptr;  // nullptr: unknown
  bool is_internal = false;    // std::any says so by the name of its manager
};

class Walker {
 public:
  // `own` and `stated` must outlive the walker.
  Walker(const Image& image, const DebugTypes& types, Paths& paths, const CountedPointers& own = kNoCounts,
         const StatedCounts& stated = kNothingStated);

  void walk(const Value& value, ValueVisitor& visitor);
  bool has_references(const Type* type) { return type && plan(type).walk; }
  // Whether smart pointers and containers directly in the value hold what such members can hold.
  bool is_plausible(const Type& type, uint64_t address, const ValueVisitor& visitor, int depth = 0);

  // ---- for layouts
  const Image& image() const { return image_; }
  const DebugTypes& types() const { return types_; }
  Paths& paths() { return paths_; }
  ValueVisitor& visitor() const { return *visitor_; }
  std::optional<uint64_t> word(uint64_t address) const { return image_.word(address); }
  bool in_one_piece(uint64_t begin, uint64_t end) const;  // in one block, or in one mapping outside of blocks
  void push(const Type* type, uint64_t address, PathId path, uint32_t index = kNoIndex);  // to be walked next
  // The same, and at once where nothing is waiting before it.
  void walk_in_turn(const Type* type, uint64_t address, PathId path, uint32_t index) {
    const Plan& how = plan(type);
    if (how.is_leaf && pending_.size() == waiting_before_) return how.walk(*this, how, {type, address, path, index});
    if (how.walk) pending_.push_back({{type, address, path, index}, &how});
  }
  void give_up(const Value& value) { visitor_->opaque(value.address, value.address + value.type->size, value.path); }
  const Plan& plan(const Type* type) {
    const Plan*& recent = recent_plans_[reinterpret_cast<uintptr_t>(type) / 16 % recent_plans_.size()];
    if (!recent || recent->type != type) recent = &find_plan(type);
    return *recent;
  }
  std::unordered_map<uint64_t, ManagedType>& managed_types() { return managed_types_; }  // by manager function
  PathId at() const { return at_; }                                                      // of the value under way

 private:
  static const CountedPointers kNoCounts;
  static const StatedCounts kNothingStated;

  struct Pending {
    Value value;
    const Plan* plan;
  };

  const Plan& find_plan(const Type* type);
  Plan make_plan(const Type& type);
  Plan plan_class(const Type& type);
  Plan plan_union(const Type& type);
  const Type* undescribed(const Type& type, const TypeMember& member, const std::vector<uint64_t>& begins);
  void plan_lone_pointer(const PointerShape& shape, Plan& plan) const;

  const Image& image_;
  const DebugTypes& types_;
  Paths& paths_;
  const CountedPointers& own_;
  const StatedCounts& stated_;
  ValueVisitor* visitor_ = nullptr;
  GrowingColumn<Pending> pending_;
  size_t waiting_before_ = 0;  // pending when the value under way was begun
  PathId at_{};
  std::unordered_map<const Type*, Plan> plans_;
  std::array<const Plan*, 64> recent_plans_ = {};
  std::unordered_map<uint64_t, ManagedType> managed_types_;
  std::map<uint64_t, Type> undescribed_;  // by size
};

// A library class the walker knows from inside. `plan` returns false when the type is not laid out as expected; what
// `applies` refuses, where there is one, is walked as any class.
struct Layout {
  std::string_view scope, name;
  bool (*plan)(const Type& type, Plan& plan);
  bool (*applies)(const Type& type) = nullptr;
};

// Member found by its path of names, through bases: offset and type.
struct MemberPlace {
  uint64_t offset = 0;
  const Type* type = nullptr;
};
std::optional<MemberPlace> find_member(const Type& type, std::initializer_list<std::string_view> names);

}  // namespace reftally
