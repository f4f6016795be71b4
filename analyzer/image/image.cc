#include "analyzer/image/image.h"

#include <atomic>

#include "analyzer/base/error.h"

namespace reftally {

namespace {

// The element of `sorted` that contains address, or nullptr. Elements have `begin(e)` and `end(e)`.
template <class Element, class Begin, class End>
const Element* containing(const std::vector<Element>& sorted, uint64_t address, Begin begin, End end) {
  auto after = std::upper_bound(sorted.begin(), sorted.end(), address,
                                [&](uint64_t a, const Element& element) { return a < begin(element); });
  if (after == sorted.begin()) return nullptr;
  const Element& candidate = *(after - 1);
  return address < end(candidate) ? &candidate : nullptr;
}

constexpr uint32_t kPtLoad = 1;

}  // namespace

WordArray zeroed_words(size_t count) {
  WordArray words(static_cast<uint64_t*>(std::calloc(count ? count : 1, sizeof(uint64_t))));
  if (!words) throw Error("not enough memory for " + std::to_string(count) + " words of process memory");
  return words;
}

bool ImageModule::contains(uint64_t address) const {
  return std::any_of(segments.begin(), segments.end(), [&](const ImageSegment& segment) {
    return segment.type == kPtLoad && address >= segment.begin && address < segment.end;
  });
}

std::string_view Image::text(dump::StringRef ref) const {
  if (ref.offset > strings.size() || ref.length > strings.size() - ref.offset) {
    throw Error(source + ": a string reference lies outside the string pool");
  }
  return std::string_view(strings).substr(ref.offset, ref.length);
}

const ImageRegion* Image::first_region_after(uint64_t address) const {
  auto found = std::partition_point(regions.begin(), regions.end(),
                                    [&](const ImageRegion& region) { return region.end() <= address; });
  return regions.data() + (found - regions.begin());
}

const ImageRegion* Image::find_region(uint64_t address) const {
  const uint32_t first = region_groups_.find(address);
  if (first == AddressGroups::kNone) return nullptr;
  for (size_t i = first; i < regions.size() && regions[i].address <= address; ++i) {
    if (address >= regions[i].end()) continue;
    recent_region_ = {region_index_, regions[i].address, 8 * regions[i].word_count, &regions[i]};
    return &regions[i];
  }
  return nullptr;
}

const uint64_t* Image::place_of_unaligned_word(uint64_t address) const {
  const auto found =
      std::lower_bound(unaligned.begin(), unaligned.end(), address,
                       [](const dump::UnalignedWord& word, uint64_t wanted) { return word.address < wanted; });
  return found != unaligned.end() && found->address == address ? &found->word : nullptr;
}

std::optional<uint32_t> Image::half(uint64_t address) const {
  if (address % 4) return std::nullopt;
  const std::optional<uint64_t> whole = word(address & ~uint64_t{7});
  if (!whole) return std::nullopt;
  return static_cast<uint32_t>(*whole >> (8 * (address % 8)));
}

std::optional<uint8_t> Image::byte(uint64_t address) const {
  const std::optional<uint64_t> whole = word(address & ~uint64_t{7});
  if (!whole) return std::nullopt;
  return static_cast<uint8_t>(*whole >> (8 * (address % 8)));
}

const ImageModule* Image::module_at(uint64_t address) const {
  // Most words that are asked about lie below all modules: counts, sizes.
  if (load_segments_.empty() || address < load_segments_.front().begin) return nullptr;
  // By mapping would be faster, but segments know the tail of .bss, which is an anonymous mapping.
  auto found = std::upper_bound(load_segments_.begin(), load_segments_.end(), address,
                                [](uint64_t a, const LoadSegment& segment) { return a < segment.begin; });
  if (address >= (found - 1)->end) return nullptr;
  return &modules[(found - 1)->module];
}

const ImageMapping* Image::mapping_at(uint64_t address) const {
  return containing(
      mappings, address, [](const ImageMapping& mapping) { return mapping.begin; },
      [](const ImageMapping& mapping) { return mapping.end; });
}

uint32_t Image::block_at(uint64_t pointer) const { return block_index_.find(pointer); }

std::string_view Image::vtable_type(uint64_t vtable) const {
  auto found = vtable_names.find(vtable);
  return found == vtable_names.end() ? std::string_view() : found->second;
}

std::vector<uint64_t> Image::frames(StackId stack) const {
  std::vector<uint64_t> ips;
  for (; index(stack) != 0; stack = stacks.at(index(stack)).parent) ips.push_back(stacks.at(index(stack)).ip);
  return ips;
}

void Image::build_indexes() {
  static std::atomic<uint64_t> indexes_built{0};
  region_index_ = ++indexes_built;
  block_index_ = BlockIndex(blocks);
  region_groups_ = AddressGroups();
  for (uint32_t i = 0; i < regions.size(); ++i) {
    const uint64_t first = regions[i].address >> AddressGroups::kBits;
    const uint64_t last = (regions[i].end() - 1) >> AddressGroups::kBits;
    for (uint64_t group = first; group <= last; ++group) region_groups_.find_or_add(group << AddressGroups::kBits, i);
  }
  load_segments_.clear();
  for (uint32_t module = 0; module < modules.size(); ++module) {
    for (const ImageSegment& segment : modules[module].segments) {
      if (segment.type == kPtLoad) load_segments_.push_back({segment.begin, segment.end, module});
    }
  }
  std::sort(load_segments_.begin(), load_segments_.end(),
            [](const LoadSegment& a, const LoadSegment& b) { return a.begin < b.begin; });
}

}  // namespace reftally
