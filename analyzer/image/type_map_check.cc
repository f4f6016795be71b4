// A type map against the dump: how large objects of a class are there, and with which vtable they begin.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/image/type_map.h"
#include "analyzer/image/type_names.h"

namespace reftally {

namespace {

// What a block may be whose first word is a vtable of this class.
enum : int { kTheClass, kInPlace, kPointer };

constexpr uint64_t kCountsSize = 16;  // vtable and two counts of libstdc++'s control block
constexpr size_t kNamedTypes = 3;     // in a warning

bool begins_with_vtable(const Image& image, uint64_t address) {
  return !image.vtable_type(image.word(address).value_or(0)).empty();
}

}  // namespace

void TypeMap::note(Entry& entry, bool agrees, uint64_t size) {
  if (agrees) {
    ++entry.agreeing;
  } else {
    ++entry.disagreeing;
    entry.seen_size = size;
  }
}

void TypeMap::check_block(const Image& image, const ImageBlock& block) {
  const uint64_t vtable = image.word(block.address).value_or(0);
  if (vtable == 0) return;
  auto [known, is_new] = by_vtable_.try_emplace(vtable, std::pair<Entry*, int>{nullptr, kTheClass});
  if (is_new) {
    const std::string_view mangled = image.vtable_type(vtable);
    if (mangled.empty()) return;
    const std::string name = demangle_type(mangled);
    std::vector<std::string_view> arguments;  // of name
    int kind = kTheClass;
    if (mangled.starts_with("St23_Sp_counted_ptr_inplaceI")) kind = kInPlace;
    if (mangled.starts_with("St15_Sp_counted_ptrI")) kind = kPointer;
    if (kind != kTheClass) arguments = template_argument_texts(name);
    // An allocator with state stands before the value: nothing is told of those.
    if (kind == kInPlace && (arguments.size() < 2 || !arguments[1].starts_with("std::allocator<"))) return;
    if (kind != kTheClass && arguments.empty()) return;
    std::string meant(kind == kTheClass ? std::string_view(name) : arguments[0]);
    if (kind == kPointer && meant.ends_with('*')) meant.pop_back();
    if (meant.ends_with(" const")) meant.resize(meant.size() - 6);
    known->second = {entry_of(meant), kind};
  }
  Entry* entry = known->second.first;
  if (!entry || entry->type.is_declaration) return;
  const uint64_t size = entry->type.size;
  switch (known->second.second) {
    case kTheClass:
      return note(*entry, entry->is_polymorphic && block.size == size, block.size);
    case kInPlace: {
      const uint64_t unit = std::max<uint64_t>(entry->alignment, 8);
      const uint64_t value = (kCountsSize + entry->alignment - 1) / entry->alignment * entry->alignment;
      const bool fits = block.size == (value + size + unit - 1) / unit * unit;
      const std::string_view own = image.vtable_type(image.word(block.address + value).value_or(0));
      const bool same_vtable = own.empty() || entry->is_polymorphic || entry_of(demangle_type(own)) != entry;
      return note(*entry, fits && same_vtable, block.size - std::min(block.size, value));
    }
    case kPointer: {
      const uint64_t value = image.word(block.address + kCountsSize).value_or(0);
      const uint32_t pointee = image.block_at(value);
      if (pointee == Image::kNoBlock || image.blocks[pointee].address != value) return;
      if (begins_with_vtable(image, value)) return;  // told by its own vtable; may be a derived class
      return note(*entry, !entry->is_polymorphic && image.blocks[pointee].size == size, image.blocks[pointee].size);
    }
  }
}

void TypeMap::check(const Image& image) {
  for (const ImageBlock& block : image.blocks) check_block(image, block);
  by_vtable_.clear();
}

// One that fits is enough: others may be the first of a pool's chunk. Whatever contains a refused class is refused.
void TypeMap::refuse() {
  std::vector<std::string> told;
  for (Entry& entry : entries_) {
    if (entry.agreeing > 0 || entry.disagreeing == 0) continue;
    entry.is_refused = true;
    told.push_back(fmt::format("{} ({} bytes there, {} here)", entry.type.name, entry.type.size, entry.seen_size));
  }
  if (told.empty()) return;
  std::unordered_map<const Type*, Entry*> owner;
  for (Entry& entry : entries_) owner[&entry.type] = &entry;
  for (bool changed = true; changed;) {
    changed = false;
    for (Entry& entry : entries_) {
      if (entry.is_refused) continue;
      const bool is_array = entry.type.kind == Type::Kind::kArray;
      auto is_refused = [&](const Type* type) {
        auto found = owner.find(type);
        return found != owner.end() && found->second->is_refused;
      };
      const bool contains = std::any_of(entry.type.members.begin(), entry.type.members.end(),
                                        [&](const TypeMember& member) { return is_refused(member.type); });
      if (!contains && !(is_array && is_refused(entry.type.target))) continue;
      entry.is_refused = changed = true;
    }
  }
  // Others may still point to one or be containers of it: nothing is said of its inside there either.
  for (Entry& entry : entries_) {
    if (!entry.is_refused) continue;
    entry.type.is_declaration = true;
    entry.type.members.clear();
    entry.type.size = 0;
  }
  const size_t shown = std::min(told.size(), kNamedTypes);
  std::string names;
  for (size_t i = 0; i < shown; ++i) names += (i ? ", " : "") + told[i];
  if (told.size() > shown) names += fmt::format(" and {} more", told.size() - shown);
  warnings_.push_back(fmt::format("{}: made from another version of the program? not used for {}", file_, names));
}

}  // namespace reftally
