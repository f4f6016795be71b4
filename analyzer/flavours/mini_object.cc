// GstMiniObjects: { type, 32-bit count, lock state, flags, functions that copy, dispose and free it, … }, at the begin
// of a block. The agent tells which types there are; GStreamer's own functions must stand where they belong, for a
// GValue begins with a type as well.
#include <unordered_map>

#include "analyzer/flavours/flavours.h"

namespace reftally {

namespace {

constexpr uint64_t kCountOffset = 8, kCopy = 24, kDispose = 32, kFree = 40, kSize = 64;
constexpr uint32_t kLargestCount = 10'000'000;

bool is_code(const Image& image, uint64_t word) { return word != 0 && image.module_at(word) != nullptr; }

bool has_functions(const Image& image, uint64_t at) {
  for (uint64_t place : {kCopy, kDispose}) {
    const uint64_t word = image.word(at + place).value_or(1);
    if (word != 0 && !is_code(image, word)) return false;
  }
  return is_code(image, image.word(at + kFree).value_or(0));
}

}  // namespace

void find_mini_objects(const Image& image, CountedObjects& found) {
  std::unordered_map<uint64_t, StringId> types;
  for (const dump::MiniObjectType& type : image.declared.mini_object_types)
    types.emplace(type.type, found.names.intern(image.text(type.name)));
  if (types.empty()) return;
  for (uint32_t index = 0; index < image.blocks.size(); ++index) {
    const ImageBlock& block = image.blocks[index];
    const auto type = block.size >= kSize ? types.find(image.word(block.address).value_or(0)) : types.end();
    const uint32_t count = image.half(block.address + kCountOffset).value_or(0);
    if (type == types.end() || count == 0 || count > kLargestCount || !has_functions(image, block.address)) continue;
    CountedObject object;
    object.flavour = FlavourId::kGObject;
    object.address = object.value = block.address;
    object.end = block.address + block.size;
    object.strong = static_cast<int32_t>(count);
    object.block = object.value_block = index;
    object.owns_value_block = object.ends_there = object.has_plain_holders = true;
    object.value_type = type->second;
    found.objects.push_back(object);
  }
}

}  // namespace reftally
