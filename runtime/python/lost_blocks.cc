#include "runtime/python/lost_blocks.h"

#include "runtime/dump/unaligned_words.h"
#include "runtime/python/births.h"
#include "runtime/python/scanned_memory.h"

namespace reftally::python {
namespace {

constexpr uint32_t kLeastOfOneBirth = 3;
constexpr size_t kMaxLinks = 4u << 20;  // what a further one leads to counts as held
constexpr Address kAddressBits = (Address{1} << 48) - 1;

// Compiled code may have addresses in it.
bool may_hold_blocks(const runtime::Mapping& mapping) noexcept {
  if ((mapping.flags & dump::kMapShared) != 0) return false;
  return (mapping.flags & dump::kMapWrite) != 0 || mapping.path[0] == '\0';
}

uint64_t key_of_birth(uint32_t birth) noexcept { return uint64_t{birth} * 8; }

}  // namespace

void LostBlocks::collect(const Pool& pool) noexcept {
  const FreeBlocks free(pool);
  Candidates found{pool.begin, pool.block_size(), {}};
  const uint64_t carved = (pool.next_offset - kPoolHeader) / pool.block_size();
  bool any = false;
  for (uint64_t i = 0; i < carved && i < kMostBlocksInPool; i++) {
    const Address block = found.block(i);
    if (free.has(i) || !is_memory_block(block) || birth_of_block(block) == 0) continue;
    if (objects_.has_table(block, found.block_size) || walk_.find(block) != nullptr) continue;
    found.open[i / 64] |= uint64_t{1} << i % 64;
    births_[key_of_birth(birth_of_block(block))]++;
    any = true;
  }
  if (any) candidates_.push(found);
}

template <class Visit>
void LostBlocks::for_each_open(Visit visit) noexcept {
  for (Candidates& pool : candidates_)
    for (uint64_t i = 0; i < kMostBlocksInPool; i++)
      if (pool.is_open(i)) visit(Place{&pool, i});
}

void LostBlocks::close_rare_births() noexcept {
  births_.for_each([](uint64_t, uint32_t& count) { count = 0; });
  for_each_open([&](const Place& place) { births_[key_of_birth(birth_of_block(place.address()))]++; });
  for_each_open([&](const Place& place) {
    if (births_[key_of_birth(birth_of_block(place.address()))] < kLeastOfOneBirth) place.pool->close(place.index);
  });
}

LostBlocks::Place LostBlocks::place_of(Address address) noexcept {
  if (address < lowest_ || address >= highest_) return {};
  const uint32_t* row = row_at_.find(address & ~(pool_shape().size - 1));
  if (row == nullptr) return {};
  Candidates& pool = candidates_[*row - 1];
  const Address first = pool.begin + kPoolHeader;
  return address < first ? Place{} : Place{&pool, (address - first) / pool.block_size};
}

// What a freed block still says, nobody reads.
bool LostBlocks::is_freed(Address place) noexcept {
  const size_t low = pools_.partition_point([&](const auto& row) { return row.begin + pool_shape().size <= place; });
  if (low == pools_.size() || place < pools_[low].begin) return free_chunks_.contains(place);
  const Pool& pool = pools_[low];
  if (place < pool.begin + kPoolHeader || place >= pool.begin + pool.next_offset) return true;
  if (pool.begin != free_blocks_of_) free_blocks_ = FreeBlocks(pool);
  free_blocks_of_ = pool.begin;
  return free_blocks_.has((place - pool.begin - kPoolHeader) / pool.block_size());
}

// A word of a block that may be lost itself says nothing yet.
void LostBlocks::meet(Address place, Address word) noexcept {
  const Place to = place_of(word);
  if (!to.is_open() || is_freed(place) || frames_.is_dead(place)) return;
  if (place_of(place).is_open() && links_.size() < kMaxLinks) {
    links_.push({place, to.address()});
    return;
  }
  to.pool->close(to.index);
  held_.push(to.address());
}

// With a tag in the top 16 bits, or one in the lowest, a word is an address all the same.
void LostBlocks::scan(Address begin, Address end) noexcept {
  const uint64_t span = highest_ - lowest_;
  Address before = 0;
  for (Address place = begin; place < end; place += 8) {
    const Address word = pointer_at(place);
    dump::for_each_unaligned(before, word, lowest_, span,
                             [&](uint64_t offset, Address found) { meet(place - 8 + offset, found); });
    before = word;
    if ((word & kAddressBits) - lowest_ < span) meet(place, word & kAddressBits);
  }
}

void LostBlocks::follow_links_of(const Place& block) noexcept {
  size_t low = links_.partition_point([&](const auto& row) { return row.place < block.address(); });
  const Address end = block.address() + block.pool->block_size;
  for (; low < links_.size() && links_[low].place < end; low++) {
    const Place to = place_of(links_[low].to);
    if (!to.is_open()) continue;
    to.pool->close(to.index);
    held_.push(to.address());
  }
}

void LostBlocks::follow_links() noexcept {
  while (!held_.empty()) {
    const Place block = place_of(held_[held_.size() - 1]);
    held_.pop();
    follow_links_of(block);
  }
}

void LostBlocks::write() noexcept {
  for_each_open([&](const Place& place) { walk_.add_block(place.address(), place.pool->block_size); });
  walk_.writer().begin(dump::kTagDeclaredReferences, sizeof(dump::DeclaredReference));
  for (const Link& link : links_) {
    const Place from = place_of(link.place), to = place_of(link.to);
    if (!from.is_open() || !to.is_open() || from.address() == to.address()) continue;
    walk_.write_word(walk_.find(from.address())->index - 1, to.address(), link.place - from.address());
  }
  walk_.writer().end();
}

void LostBlocks::add_to_walk(Address stack_limit) noexcept {
  if (!births_are_recorded()) return;
  for (const Pool& pool : pools_) collect(pool);
  close_rare_births();
  size_t open = 0;
  for_each_open([&](const Place& place) {
    const uint64_t size = pool_shape().size;
    open++;
    row_at_[place.pool->begin] = static_cast<uint32_t>(place.pool - candidates_.begin() + 1);
    if (place.pool->begin < lowest_) lowest_ = place.pool->begin;
    if (place.pool->begin + size > highest_) highest_ = place.pool->begin + size;
  });
  if (open == 0) return;
  links_.reserve(kMaxLinks);  // nothing of ours may move once mappings are read
  held_.reserve(open);
  free_chunks_.reserve();
  if (!map_.read()) return;
  for (uint32_t i = 0; i < map_.count(); i++)
    if (strcmp(map_[i].path, "[heap]") == 0) free_chunks_.find(map_[i].begin, map_[i].end);
  scan_memory(map_, stack_limit, may_hold_blocks, [&](Address begin, Address end) { scan(begin, end); });
  follow_links();
  close_rare_births();
  write();
}

}  // namespace reftally::python
