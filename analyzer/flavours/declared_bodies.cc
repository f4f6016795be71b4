#include "analyzer/flavours/declared_bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace reftally {
namespace {

constexpr uint64_t kValue = 16;  // in pybind11's `instance`

}  // namespace

DeclaredBodies::DeclaredBodies(const Image& image) : image_(image) {
  if (image.blocks.empty()) return;
  const std::vector<dump::DeclaredObject>& objects = image.declared.objects;
  for (uint32_t row = 0; row < objects.size(); ++row)
    if ((objects[row].flags & (dump::kObjectStatic | dump::kObjectUncounted)) == 0)
      bodies_.push_back({objects[row].address, objects[row].address + objects[row].size, row});
  std::sort(bodies_.begin(), bodies_.end(), [](const Body& a, const Body& b) { return a.begin < b.begin; });
}

std::optional<uint32_t> DeclaredBodies::row_at(uint64_t place) const {
  auto after = std::upper_bound(bodies_.begin(), bodies_.end(), place,
                                [](uint64_t wanted, const Body& body) { return wanted < body.begin; });
  if (after == bodies_.begin() || place >= (--after)->end) return std::nullopt;
  return after->row;
}

bool DeclaredBodies::is_pybind11_instance(uint32_t row) const {
  const std::vector<dump::DeclaredType>& types = image_.declared.types;
  const std::optional<uint32_t> type = row_at(types[image_.declared.objects[row].type].address);
  return type && image_.text(types[image_.declared.objects[*type].type].name) == "pybind11_builtins.pybind11_type";
}

// Nodes of std::unordered_multimap<const void*, instance*> (pybind11/detail/internals.h): next, value, instance.
std::vector<uint32_t> DeclaredBodies::pybind11_entries() const {
  constexpr uint64_t kNode = 24, kKey = 8, kInstance = 16;
  std::unordered_map<uint64_t, uint64_t> values;  // by instance
  for (const Body& body : bodies_)
    if (is_pybind11_instance(body.row))
      if (const std::optional<uint64_t> value = image_.word(body.begin + kValue); value && *value != 0)
        values.emplace(body.begin, *value);
  std::vector<uint32_t> entries;
  for (uint32_t block = 0; block < image_.blocks.size() && !values.empty(); ++block) {
    if (image_.blocks[block].size != kNode) continue;
    const uint64_t at = image_.blocks[block].address;
    const auto found = values.find(image_.word(at + kInstance).value_or(0));
    if (found != values.end() && image_.word(at + kKey) == found->second) entries.push_back(block);
  }
  return entries;
}

// pybind11's `instance` (pybind11/detail/common.h): the value, then its holder, a shared_ptr or a unique_ptr.
std::string DeclaredBodies::word_name(uint32_t row, uint64_t place) const {
  constexpr uint64_t kHolder = 24, kHolderEnd = 40;
  const uint64_t offset = place - image_.declared.objects[row].address;
  if (offset >= kValue && offset < kHolderEnd && is_pybind11_instance(row))
    return offset < kHolder ? "value" : "holder";
  return fmt::format("word +{}", offset);
}

}  // namespace reftally
