// GObjects: { class, 32-bit count, flags, qdata }, and in the same block before that what is private to its classes.
//
// The agent tells which GTypes there are; a class is a block that begins with one of them and goes on with the methods
// every GObjectClass has. A word that leads to a class begins an object when a count and flags follow it, and when
// the object ends where its block does: GLib asks malloc for just that (with its own slices, which `reftally run`
// switches off, objects share blocks and are not recognised). Which pointers to an object count, C does not say.
#include <algorithm>
#include <unordered_map>

#include "analyzer/flavours/flavours.h"

namespace reftally {

namespace {

constexpr uint64_t kCountOffset = 8, kFlagsOffset = 12, kHeaderSize = 24, kLeastClassSize = 136;
constexpr uint64_t kDispose = 40, kFinalize = 48;  // of a GObjectClass: never null
constexpr uint32_t kLargestCount = 10'000'000, kLargestFlags = 0xff;

struct GType {
  StringId name;
  uint64_t instance_size;
};

using Types = std::unordered_map<uint64_t, GType>;           // by GType
using Classes = std::unordered_map<uint64_t, const GType*>;  // by address of the class

bool is_code(const Image& image, uint64_t address) {
  const uint64_t target = image.word(address).value_or(0);
  return target != 0 && image.module_at(target) != nullptr;
}

Classes find_classes(const Image& image, const Types& types) {
  Classes classes;
  for (const ImageBlock& block : image.blocks) {
    if (block.size < kLeastClassSize) continue;
    const auto type = types.find(image.word(block.address).value_or(0));
    if (type == types.end() || !is_code(image, block.address + kDispose) || !is_code(image, block.address + kFinalize))
      continue;
    classes.emplace(block.address, &type->second);
  }
  return classes;
}

void add_object(const Image& image, uint64_t at, const GType& type, CountedObjects& found) {
  const uint32_t index = image.block_at(at);
  const uint32_t count = image.half(at + kCountOffset).value_or(0);
  if (index == Image::kNoBlock || count == 0 || count > kLargestCount) return;
  if (image.half(at + kFlagsOffset).value_or(~0u) > kLargestFlags) return;
  const ImageBlock& block = image.blocks[index];
  const uint64_t end = block.address + block.size;
  // sizes of types are rounded up here and there
  const uint64_t needed = at + std::max(type.instance_size, kHeaderSize);
  if (needed > end || end - needed >= 16) return;
  CountedObject object;
  object.flavour = FlavourId::kGObject;
  object.address = object.value = at;
  object.before = static_cast<uint32_t>(at - block.address);
  object.end = end;
  object.strong = static_cast<int32_t>(count);
  object.block = object.value_block = index;
  object.owns_value_block = object.ends_there = object.has_plain_holders = true;
  object.value_type = type.name;
  found.objects.push_back(object);
}

}  // namespace

void find_gobjects(const Image& image, CountedObjects& found) {
  Types types;
  for (const dump::GObjectType& type : image.declared.gobject_types)
    types.emplace(type.type, GType{found.names.intern(image.text(type.name)), type.instance_size});
  if (types.empty()) return;
  const Classes classes = find_classes(image, types);
  for (const ImageRegion& region : image.regions) {
    if (region.kind != dump::RegionKind::kHeap) continue;
    image.for_each_word(region.address, region.end(), [&](uint64_t at, uint64_t word) {
      if (const auto known = classes.find(word); known != classes.end()) add_object(image, at, *known->second, found);
    });
  }
}

}  // namespace reftally
