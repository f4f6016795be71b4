#include "runtime/python/unreached_objects.h"

#include "runtime/python/object.h"

namespace reftally::python {
namespace {

constexpr int kDeepestNesting = 8;          // of tuples in tuples
constexpr int64_t kLargestCount = 1 << 20;  // below the addresses of any module

uint64_t rounded(uint64_t size) noexcept { return (size + 15) & ~uint64_t{15}; }

// pymalloc leaves a block where it is that shrinks by a quarter at most; PyType_GenericAlloc asks for one item more.
bool fits(uint64_t size, uint64_t item, uint64_t block_size) noexcept {
  if (size > block_size) return false;
  return rounded(size) == block_size || rounded(size + item) == block_size || 4 * size > 3 * block_size;
}

// Of a str with its text in the same block; 0 when this is none.
uint64_t compact_text_size(Address text) noexcept {
  const auto bits = read<uint32_t>(text + kTextState);
  const uint64_t kind = bits >> 2 & 7, length = read<uint64_t>(text + 16);
  const bool compact = (bits >> 5 & 1) != 0, ascii = (bits >> 6 & 1) != 0, wide = !python.at_least(12);
  if (!compact || (kind != 1 && kind != 2 && kind != 4) || length > 512) return 0;
  return ascii ? (wide ? 48u : 40u) + length + 1 : (wide ? 72u : 56u) + (length + 1) * kind;
}

// The digits are below 2^30, and the last one is not 0.
bool is_integer(Address integer) noexcept {
  const auto word = read<int64_t>(integer + kObjectSize);
  const bool tagged = python.at_least(12);
  const auto digits = static_cast<uint64_t>(tagged ? word >> 3 : word < 0 ? -word : word);
  if (digits > 128 || (tagged && (word & 3) == 3)) return false;
  for (uint64_t i = 0; i < digits; i++)
    if (read<uint32_t>(integer + 24 + 4 * i) >> 30 != 0) return false;
  return digits == 0 || read<uint32_t>(integer + 20 + 4 * digits) != 0 || tagged;
}

// Text and bytes end with a zero that their length does not count.
bool has_own_content(Address object) noexcept {
  const Address type = type_of(object);
  if (type == python.types.integer) return is_integer(object);
  if (type == python.types.bytes) return read<uint8_t>(object + 32 + read<uint64_t>(object + kObjectSize)) == 0;
  if (type == python.types.str) return read<uint8_t>(object + compact_text_size(object) - 1) == 0;
  return true;
}

bool is_container(Address type) noexcept { return type == python.types.tuple || type == python.types.dict; }

}  // namespace

// Of the walk's objects: no other address is looked into.
bool UnreachedObjects::is_known_type(Address type) noexcept {
  const Walk::Entry* entry = (type & 7) == 0 ? walk_.find(type) : nullptr;
  return entry != nullptr && entry->index != 0 && !walk_.is_uncounted(entry->index - 1) && is_type(type);
}

void UnreachedObjects::note_tables() noexcept {
  for (size_t i = 0; i < walk_.object_count(); i++) {
    if (walk_.is_uncounted(i)) continue;
    const Address object = walk_.object(i), type = type_of(object);
    const uint64_t flags = type_flags(type);
    if ((flags & kFlagDict) != 0) {
      tables_[pointer_at(object + kDictKeys) | 8] = 1;
      tables_[pointer_at(object + kDictValues) | 8] = 1;
    } else if ((flags & kFlagList) != 0) {
      tables_[pointer_at(object + kListItems) | 8] = 1;
    } else if (type == python.types.set || type == python.types.frozenset) {
      tables_[pointer_at(object + kSetTable) | 8] = 1;
    } else if (python.at_least(11)) {
      tables_[inline_values(object, type) | 8] = 1;
    }
  }
}

// A table begins where its block does, or further inside.
bool UnreachedObjects::has_table(Address block, uint64_t size) noexcept {
  for (uint64_t offset = 0; offset < size; offset += 16)
    if (tables_.find(block + offset + 8) != nullptr) return true;
  return false;
}

void UnreachedObjects::look_at(Address block, uint64_t block_size, bool collected) noexcept {
  const Address object = collected ? block + kCollectorHeader : block;
  // The whole word: a block that was not written since is on no free list, and begins with what led to the next one.
  const auto count = read<int64_t>(object);
  if (count <= 0 || count > kLargestCount || !is_known_type(type_of(object)) || walk_.find(object) != nullptr) return;
  const TypeInfo& type = walk_.type_info(type_of(object));
  // What the collector tracks is in its lists: only what it was spared can be met here.
  if (type.collected != collected || (collected && !is_container(type.type))) return;
  if (collected && (pointer_at(object - kCollectorHeader) != 0 || pointer_at(object - 8) > 3)) return;
  const uint64_t room = block_size - (collected ? kCollectorHeader : 0);
  const bool is_text = type.type == python.types.str;
  // One string for each text is kept for ever by many an extension, and cannot grow into a leak.
  if (is_text && (is_interned(object) || compact_text_size(object) == 0)) return;
  const uint64_t size = is_text ? compact_text_size(object) : body_size(object, type.type);
  const auto item = static_cast<uint64_t>(read<int64_t>(type.type + kTypeItemSize));
  // An object() is a count and a type, and so is the begin of many a struct.
  if (size <= 2 * sizeof(Address) || !fits(size + (block_size - room), item, block_size)) return;
  if (!has_own_content(object) || has_table(block, block_size)) return;
  if (type.shape == Shape::kLeaf)
    walk_.add_unreached(object);
  else
    containers_.push(object);
}

void UnreachedObjects::look_into(const Pool& pool) noexcept {
  const FreeBlocks free(pool);
  const uint64_t carved = (pool.next_offset - kPoolHeader) / pool.block_size();
  for (uint64_t i = 0; i < carved && i < kMostBlocksInPool; i++) {
    if (free.has(i)) continue;
    const Address block = pool.begin + kPoolHeader + i * pool.block_size();
    look_at(block, pool.block_size(), false);
    if (pool.block_size() >= kCollectorHeader + 2 * sizeof(Address)) look_at(block, pool.block_size(), true);
  }
}

// Nothing else may have been found to own all its references: this one would be too many.
bool UnreachedObjects::misses_reference(Address object) noexcept {
  const Walk::Entry* entry = walk_.find(object);
  if (entry == nullptr || entry->index == 0) return false;
  if (walk_.is_uncounted(entry->index - 1) || walk_.is_static(object) || is_immortal(object)) return true;
  return count_of(object) > static_cast<int64_t>(entry->owned);
}

bool UnreachedObjects::is_whole(Address object) noexcept {
  const TypeInfo& type = walk_.type_info(type_of(object));
  if (type.shape == Shape::kDict) {
    const Address keys = pointer_at(object + kDictKeys);
    const runtime::Mapping* mapping = map_.find(keys);
    if ((keys & 7) != 0 || mapping == nullptr || (mapping->flags & dump::kMapRead) == 0) return false;
    if (pointer_at(object + kDictValues) != 0 || mapping->end - keys < 64) return false;
    const DictEntries entries(keys);
    if (entries.entries < keys || entries.end < entries.entries || entries.end > mapping->end) return false;
  }
  for (const OwnedReference& reference : walk_.references_of(object, type))
    if (!misses_reference(reference.to)) return false;
  return true;
}

// A tuple of tuples waits for those inside.
bool UnreachedObjects::add_containers() noexcept {
  bool added = false;
  for (Address& object : containers_) {
    if (object == 0 || !is_whole(object)) continue;
    walk_.add_unreached(object);
    object = 0;
    added = true;
  }
  return added;
}

bool UnreachedObjects::add_to_walk() noexcept {
  if (done_) return false;
  done_ = true;
  const size_t before = walk_.object_count();
  note_tables();
  for (const Pool& pool : pools_) look_into(pool);
  for (int round = 0; round < kDeepestNesting && add_containers(); round++) {
  }
  return walk_.object_count() > before;
}

}  // namespace reftally::python
