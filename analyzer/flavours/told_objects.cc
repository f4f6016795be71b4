// Objects of the types that the program has told through reftally.h: a C program's, a language runtime's. The agent has
// read their counts; where an object does not lie in its block as its type says, it is not one any more.
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analyzer/flavours/flavours.h"

namespace reftally {

namespace {

constexpr int64_t kLargestCount = 100'000'000;

// Blocks that a count of another kind is in, or goes with.
std::unordered_set<uint32_t> taken_blocks(const CountedObjects& found) {
  std::unordered_set<uint32_t> blocks;
  for (const CountedObject& object : found.objects) {
    blocks.insert(object.block);
    if (object.owns_value_block) blocks.insert(object.value_block);
  }
  return blocks;
}

bool is_possible(const Image& image, const dump::ToldObject& row, uint32_t index) {
  if (index == Image::kNoBlock || row.strong_count <= 0 || row.strong_count > kLargestCount) return false;
  const ImageBlock& block = image.blocks[index];
  return image.declared.told_types[row.type].size <= block.address + block.size - row.address;
}

CountedObject object_of(const Image& image, const dump::ToldObject& row, uint32_t index, bool is_alone) {
  const ImageBlock& block = image.blocks[index];
  const uint64_t size = image.declared.told_types[row.type].size;
  const bool is_whole = is_alone && row.address == block.address;
  CountedObject object;
  object.flavour = FlavourId::kDeclared;
  object.address = object.value = row.address;
  object.end = is_whole || size == 0 ? block.address + block.size : row.address + size;
  object.strong = static_cast<int32_t>(row.strong_count);
  object.block = index;
  object.value_block = is_whole ? index : Image::kNoBlock;
  object.owns_value_block = is_whole;
  object.ends_there = object.has_plain_holders = true;
  return object;
}

}  // namespace

void find_told_objects(const Image& image, CountedObjects& found) {
  const DeclaredFacts& told = image.declared;
  if (told.told_objects.empty()) return;
  const std::unordered_set<uint32_t> taken = taken_blocks(found);
  std::unordered_set<uint64_t> seen;
  std::unordered_map<uint32_t, uint32_t> in_block;  // objects: the first of a pool is not the pool
  std::vector<std::pair<const dump::ToldObject*, uint32_t>> possible;
  for (const dump::ToldObject& row : told.told_objects) {
    const uint32_t index = image.block_at(row.address);
    if (!is_possible(image, row, index) || taken.contains(index) || !seen.insert(row.address).second) continue;
    ++in_block[index];
    possible.emplace_back(&row, index);
  }
  for (const auto& [row, index] : possible) {
    CountedObject object = object_of(image, *row, index, in_block[index] == 1);
    object.value_type = found.names.intern(image.text(told.told_types[row->type].name));
    found.objects.push_back(object);
  }
}

}  // namespace reftally
