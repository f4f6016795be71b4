#include "analyzer/flavours/declared_facts.h"

#include <fmt/format.h>

#include <optional>

namespace reftally {
namespace {

using dump::LabelKind;

constexpr int kRecentLabelBits = 12;
constexpr uint32_t kRecordKeys = 16;  // a dictionary of more entries is a container: its keys are data, not names

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

LabelKind kind_of(const dump::DeclaredReference& reference) {
  return static_cast<LabelKind>(reference.kind_and_length & 0x7f);
}

// What the runtime calls the places its roots are in, as its users know them.
std::string_view root_name(std::string_view name) {
  static const std::unordered_map<std::string_view, std::string_view> kKnown = {
      {"modules", "sys.modules"},   {"imports.modules", "sys.modules"},
      {"sysdict", "sys.__dict__"},  {"builtins", "builtins.__dict__"},
      {"dict", "interpreter dict"}, {"builtins_copy", "copy of builtins.__dict__"},
  };
  const auto known = kKnown.find(name);
  return known != kKnown.end() ? known->second : name;
}

}  // namespace

DeclaredLift::DeclaredLift(const Image& image, HeapBuilder& builder, NativeSide* native)
    : image_(image),
      facts_(image.declared),
      builder_(builder),
      native_(native),
      bodies_(image),
      first_(builder.object_count()) {}

std::string DeclaredLift::place_of(const dump::DeclaredName& name) const {
  if (name.file.length == 0) return {};
  return fmt::format("{}:{}", file_name(image_.text(name.file)), name.line);
}

const dump::DeclaredName* DeclaredLift::name_of(uint32_t row) const {
  return is_named_[row] != 0 ? &facts_.names[name_of_.at(row)] : nullptr;
}

// An object that source names is a shape of its own: "function app.Session.start", as a lambda is in C++.
TypeId DeclaredLift::type_of(uint32_t row) {
  const dump::DeclaredObject& object = facts_.objects[row];
  const dump::DeclaredName* const name = name_of(row);
  if (name == nullptr) return types_[object.type];
  return builder_.add_type(fmt::format("{} {}", type_name(row), image_.text(name->name)), place_of(*name),
                           facts_.types[object.type].flags);
}

void DeclaredLift::add_objects() {
  if (!facts_.collector.empty() && facts_.collector.front().enabled == 0) builder_.set_collector_off();
  for (const dump::DeclaredType& type : facts_.types)
    types_.push_back(builder_.add_type(image_.text(type.name), {}, type.flags));
  is_named_.assign(facts_.objects.size(), 0);
  for (uint32_t i = 0; i < facts_.names.size(); i++) {
    name_of_.emplace(facts_.names[i].object, i);
    is_named_[facts_.names[i].object] = 1;
  }
  for (uint32_t row = 0; row < facts_.objects.size(); row++) {
    const dump::DeclaredObject& declared = facts_.objects[row];
    HeapBuilder::Object object;
    object.address = declared.address;
    object.size = declared.size;
    object.type = type_of(row);
    object.flavour = FlavourId::kPython;  // no other runtime has an agent
    const bool counted = !is_pinned(declared) && (declared.flags & dump::kObjectUncounted) == 0;
    object.strong_count = counted ? declared.strong_count : kUncounted;
    object.birth_stack = StackId{declared.birth_stack};
    object.flags = declared.flags;
    builder_.add_object(object);
  }
  settle_by_counts();
}

void DeclaredLift::find_namespaces() {
  keys_.assign(facts_.objects.size(), 0);
  owner_.assign(facts_.objects.size(), 0);
  for (const dump::DeclaredReference& reference : facts_.references) {
    const LabelKind kind = kind_of(reference);
    if (kind == LabelKind::kKey) keys_[reference.from]++;
    if (kind != LabelKind::kField) continue;
    if (image_.text({reference.name_offset, reference.kind_and_length >> 8}) == "__dict__")
      owner_[reference.to] = reference.from + 1;
  }
}

std::string DeclaredLift::path_of(const dump::DeclaredReference& reference) const {
  const std::string_view name = image_.text({reference.name_offset, reference.kind_and_length >> 8});
  switch (kind_of(reference)) {
    case LabelKind::kKey:
      return keys_[reference.from] > kRecordKeys || name.empty() ? "[]" : fmt::format("[\"{}\"]", name);
    case LabelKind::kIndex:
      return "[]";
    case LabelKind::kDictKey:
      return "key of []";
    case LabelKind::kSetMember:
      return "{}";
    case LabelKind::kLocal:
      return fmt::format("local {}", name);
    case LabelKind::kType:
      return "__class__";
    case LabelKind::kWord:
      return fmt::format("word {}", name);
    default:
      return std::string(name);
  }
}

LabelId DeclaredLift::label_of(const dump::DeclaredReference& reference) {
  const uint32_t owner = owner_[reference.from] != 0 ? owner_[reference.from] - 1 : reference.from;
  const uint64_t of_type = facts_.objects[owner].type;
  RecentLabel wanted{is_named_[owner] != 0 ? (uint64_t{owner} + 1) << 32 : of_type, reference.name_offset,
                     reference.kind_and_length, keys_[reference.from] <= kRecordKeys};
  const uint64_t hash = (wanted.owner * 31 + wanted.name) * 31 + wanted.kind_and_length;
  RecentLabel& recent = recent_labels_[hash * 0x9e3779b97f4a7c15u >> (64 - kRecentLabelBits)];
  if (recent.label == LabelId{} || !recent.same_parts(wanted)) {
    wanted.label = make_label(reference, owner);
    recent = wanted;
  }
  return recent.label;
}

LabelId DeclaredLift::make_label(const dump::DeclaredReference& reference, uint32_t owner) {
  const dump::DeclaredName* const named = name_of(owner);
  const LabelKind kind = kind_of(reference);
  const bool fixed = kind == LabelKind::kField || kind == LabelKind::kType || kind == LabelKind::kOpaque ||
                     kind == LabelKind::kWord || kind == LabelKind::kDictKey;
  const bool hidden = (reference.kind_and_length & dump::kLabelUnvisited) != 0 || kind == LabelKind::kWord;
  // A variable is declared where its function is.
  const bool is_variable = kind == LabelKind::kLocal && named != nullptr;
  return builder_.add_label(named ? image_.text(named->name) : type_name(owner), path_of(reference),
                            is_variable ? place_of(*named) : "",
                            kLabelDotted | (hidden ? kLabelHidden : 0) | (fixed ? kLabelFixed : 0));
}

// A word in a static variable, in the interpreter's state or in the body of an object of a C type is neither on a
// stack nor in freed memory. When there are exactly as many of them as references are missing, they are those.
void DeclaredLift::settle_by_counts() {
  std::vector<int64_t> missing(facts_.objects.size()), words(facts_.objects.size());
  for (uint32_t row = 0; row < facts_.objects.size(); row++) missing[row] = facts_.objects[row].strong_count;
  for (const dump::DeclaredReference& reference : facts_.references)
    kind_of(reference) == LabelKind::kWord ? words[reference.to]++ : missing[reference.to]--;
  for (const dump::DeclaredRoot& root : facts_.roots) {
    if (root.counted != 0)
      missing[root.to]--;
    else if (root.kind == RootKind::kStatic || native_object_at(root.place) != kNoObject)
      words[root.to]++;
  }
  settled_.assign(facts_.objects.size(), 0);
  is_open_.assign(facts_.objects.size(), 0);
  for (uint32_t row = 0; row < settled_.size(); row++) {
    settled_[row] = words[row] > 0 && words[row] == missing[row];
    is_open_[row] = is_pinned(facts_.objects[row]) || (missing[row] > 0 && settled_[row] == 0);
  }
}

ObjectId DeclaredLift::native_object_at(uint64_t place) const {
  return native_ != nullptr && place != 0 ? native_->object_at(place) : kNoObject;
}

ObjectId DeclaredLift::referrer_at(uint64_t place) const {
  const std::optional<uint32_t> row = bodies_.row_at(place);
  return row && is_open_[*row] == 0 ? object_id(*row) : kNoObject;
}

LabelId DeclaredLift::word_label(uint64_t place) {
  const uint32_t row = bodies_.row_at(place).value();
  return builder_.add_label(type_name(row), bodies_.word_name(row, place), {},
                            kLabelDotted | kLabelHidden | kLabelFixed);
}

// A word of C or C++ that refers to a declared object: of the block that it lies in.
bool DeclaredLift::add_native_reference(const dump::DeclaredRoot& root) {
  const ObjectId from = root.counted == 0 ? native_object_at(root.place) : kNoObject;
  if (from == kNoObject) return false;
  const bool settled = settled_[root.to] != 0;
  builder_.add_reference({from, object_id(root.to), native_->label_at(root.place),
                          settled ? ReferenceKind::kStrong : ReferenceKind::kAmbiguous,
                          settled ? Certainty::kCounted : Certainty::kConservative});
  return true;
}

// A big object lies in a block of its own: the one lives as long as the other.
void DeclaredLift::join_blocks() {
  for (uint32_t row = 0; native_ != nullptr && row < facts_.objects.size(); row++) {
    const ObjectId block = native_object_at(facts_.objects[row].address);
    if (block != kNoObject)
      builder_.add_reference({object_id(row), block, LabelId{}, ReferenceKind::kRaw, Certainty::kExact});
  }
}

void DeclaredLift::add_references() {
  find_namespaces();
  recent_labels_.assign(size_t{1} << kRecentLabelBits, {});
  for (const dump::DeclaredReference& declared : facts_.references) {
    const LabelKind kind = kind_of(declared);
    HeapBuilder::Reference reference;
    reference.from = object_id(declared.from);
    reference.to = object_id(declared.to);
    reference.label = label_of(declared);
    if (kind == LabelKind::kIndex || kind == LabelKind::kDictKey) reference.element = declared.index;
    if (kind == LabelKind::kWord) {
      reference.kind = settled_[declared.to] != 0 ? ReferenceKind::kStrong : ReferenceKind::kAmbiguous;
      reference.certainty = settled_[declared.to] != 0 ? Certainty::kCounted : Certainty::kConservative;
    }
    builder_.add_reference(reference);
  }
}

void DeclaredLift::add_roots() {
  join_blocks();
  for (const dump::DeclaredRoot& declared : facts_.roots) {
    if (add_native_reference(declared)) continue;
    const bool exact = declared.counted != 0;
    const bool settled = !exact && declared.kind == RootKind::kStatic && settled_[declared.to] != 0;
    builder_.add_root({object_id(declared.to), declared.kind,
                       exact || settled ? ReferenceKind::kStrong : ReferenceKind::kAmbiguous,
                       exact     ? Certainty::kExact
                       : settled ? Certainty::kCounted
                                 : Certainty::kConservative,
                       builder_.intern(root_name(image_.text(declared.name)))});
  }
  const StringId immortal = builder_.intern("immortal"), in_image = builder_.intern("static object");
  for (uint32_t row = 0; row < facts_.objects.size(); row++)
    if (is_pinned(facts_.objects[row]))
      builder_.add_root({object_id(row), RootKind::kPinned, ReferenceKind::kRaw, Certainty::kConservative,
                         (facts_.objects[row].flags & dump::kObjectStatic) != 0 ? in_image : immortal});
}

void DeclaredLift::add_events() {
  if (image_.declared.tallies.empty() || (image_.declared.events && image_.declared.events->lost != 0)) return;
  std::unordered_map<uint64_t, uint32_t> row_at;
  for (uint32_t row = 0; row < facts_.objects.size(); row++) row_at.emplace(facts_.objects[row].address, row);
  for (const dump::EventTally& tally : image_.declared.tallies)
    if (const auto found = row_at.find(tally.object); found != row_at.end() && tally.balance != 0)
      builder_.add_tally({object_id(found->second), StackId{tally.stack}, tally.balance});
}

void DeclaredLift::mark_expectations() {
  std::unordered_map<uint64_t, std::string_view> reasons;
  for (const dump::Expectation& expectation : image_.declared.expectations)
    reasons[expectation.address] = image_.text(expectation.reason);
  if (reasons.empty()) return;
  for (uint32_t row = 0; row < facts_.objects.size(); row++) {
    const auto reason = reasons.find(facts_.objects[row].address);
    if (reason == reasons.end()) continue;
    const HeapBuilder::ObjectRow object = builder_.object(object_id(row));
    object.flags |= dump::kObjectReleased;
    object.note = builder_.intern(fmt::format("expect_released: {}", reason->second));
  }
}

void add_declared_facts(const Image& image, HeapBuilder& builder) {
  DeclaredLift lift(image, builder, nullptr);
  lift.add_objects();
  lift.add_references();
  lift.add_roots();
  lift.add_events();
  lift.mark_expectations();
}

}  // namespace reftally
