// Images made by hand, word by word: blocks, static words, stacks. Addresses are given out in order.
//
//   ImageBuilder memory;
//   uint64_t parent = memory.make_shared("6Parent", 1, 0, 24);
//   memory.set(parent + 16, child);
//   Image image = memory.build();
#pragma once

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <vector>

#include "analyzer/image/image.h"

namespace reftally::test {

class ImageBuilder {
 public:
  // A block of `size` bytes, zero-filled, born at `stack`.
  uint64_t block(uint64_t size, uint32_t stack = 0) {
    const uint64_t address = next_block_;
    next_block_ += std::max<uint64_t>(32, (size + 8 + 15) / 16 * 16);
    blocks_.push_back({address, size, StackId{stack}, static_cast<uint32_t>(blocks_.size() + 1)});
    for (uint64_t at = address; at < address + size; at += 8) words_[at] = 0;
    return address;
  }

  void set(uint64_t at, uint64_t word) { words_[at] = word; }
  void drop(uint64_t at) { words_.erase(at); }  // the dump did not keep it

  // What the first word of an object of this class holds.
  uint64_t vtable(const std::string& type_info_name) {
    auto [found, added] = vtables_.emplace(type_info_name, kVtables + 0x40 * vtables_.size());
    return found->second;
  }

  void set_counts(uint64_t at, uint32_t strong, uint32_t weak) { set(at, strong | uint64_t{weak} << 32); }

  // libstdc++'s make_shared<T>: header, then the value. `weak` without the unit of the strong references.
  uint64_t make_shared(const std::string& mangled, uint32_t strong, uint32_t weak, uint64_t value_size,
                       uint32_t stack = 0) {
    const uint64_t address = block(16 + value_size, stack);
    place_control_block(address, mangled, strong, weak);
    return address;
  }
  void place_control_block(uint64_t address, const std::string& mangled, uint32_t strong, uint32_t weak) {
    set(address, vtable("St23_Sp_counted_ptr_inplaceI" + mangled + "SaIvELN9__gnu_cxx12_Lock_policyE2EE"));
    set_counts(address + 8, strong, weak + (strong > 0));
  }
  // shared_ptr<T>(new T): control block in a block of its own.
  uint64_t counted_pointer(const std::string& mangled, uint32_t strong, uint32_t weak, uint64_t value) {
    const uint64_t address = block(24);
    set(address, vtable("St15_Sp_counted_ptrIP" + mangled + "LN9__gnu_cxx12_Lock_policyE2EE"));
    set_counts(address + 8, strong, weak + (strong > 0));
    set(address + 16, value);
    return address;
  }
  // A shared_ptr or weak_ptr at `at` to a value of make_shared.
  void set_pair(uint64_t at, uint64_t control_block) { set_pair(at, control_block, control_block + 16); }
  void set_pair(uint64_t at, uint64_t control_block, uint64_t value) {
    set(at, value);
    set(at + 8, control_block);
  }

  uint64_t static_words(size_t count) { return add_words(kStatics, next_static_, count); }
  uint64_t stack_words(size_t count) { return add_words(kStack, next_stack_, count); }
  uint64_t thread_local_words(size_t count) { return add_words(kThreadLocal, next_thread_local_, count); }
  uint64_t other_words(size_t count) { return add_words(kOther, next_other_, count); }

  Image build() {
    Image image;
    image.source = "hand-made";
    image.blocks = blocks_;
    for (const auto& [name, address] : vtables_) image.vtable_names.emplace(address, name);
    image.threads.resize(1);
    image.threads[0] = {.tid = 1, .flags = dump::kThreadMain, .stack_begin = kStack, .stack_end = kStack + kArea};
    image.modules.push_back(
        {.path = "/bin/program", .bias = kStatics, .segments = {{kStatics, kStatics + kArea, 1, 6}}});
    image.stacks.resize(64);
    add_region(image, kStatics, dump::RegionKind::kStatic);
    add_region(image, kHeap, dump::RegionKind::kHeap);
    add_region(image, kOther, dump::RegionKind::kOther);
    add_region(image, kThreadLocal, dump::RegionKind::kThreadLocal);
    add_region(image, kStack, dump::RegionKind::kStack);
    image.build_indexes();
    return image;
  }

 private:
  static constexpr uint64_t kArea = 0x1000000, kStatics = 0x10000000, kVtables = 0x18000000, kHeap = 0x20000000,
                            kOther = 0x30000000, kThreadLocal = 0x40000000, kStack = 0x50000000;

  uint64_t add_words(uint64_t area, uint64_t& next, size_t count) {
    const uint64_t address = area + next;
    next += 8 * count;
    for (size_t i = 0; i < count; ++i) words_[address + 8 * i] = 0;
    return address;
  }

  void add_region(Image& image, uint64_t begin, dump::RegionKind kind) const {
    const auto first = words_.lower_bound(begin), last = words_.lower_bound(begin + kArea);
    if (first == last) return;
    ImageRegion region;
    region.address = first->first;
    region.word_count = (std::prev(last)->first - region.address) / 8 + 1;
    region.kind = kind;
    region.thread = kind == dump::RegionKind::kStack || kind == dump::RegionKind::kThreadLocal ? 1 : 0;
    WordArray words = zeroed_words(region.word_count), known = zeroed_words((region.word_count + 63) / 64);
    for (auto word = first; word != last; ++word) {
      const uint64_t i = (word->first - region.address) / 8;
      words[i] = word->second;
      known[i / 64] |= uint64_t{1} << (i % 64);
    }
    region.words = words.get();
    region.known = known.get();
    image.region_storage.push_back(std::move(words));
    image.region_storage.push_back(std::move(known));
    image.regions.push_back(region);
  }

  std::map<uint64_t, uint64_t> words_;
  std::map<std::string, uint64_t> vtables_;
  std::vector<ImageBlock> blocks_;
  uint64_t next_block_ = kHeap, next_static_ = 0, next_stack_ = 0, next_thread_local_ = 0, next_other_ = 0;
};

}  // namespace reftally::test
