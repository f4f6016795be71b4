#include "analyzer/flavours/declared_bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

namespace reftally {

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

// pybind11's `instance` (pybind11/detail/common.h): the value, then its holder, a shared_ptr or a unique_ptr.
std::string DeclaredBodies::word_name(uint32_t row, uint64_t place) const {
  constexpr uint64_t kValue = 16, kHolder = 24, kHolderEnd = 40;
  const uint64_t offset = place - image_.declared.objects[row].address;
  if (offset >= kValue && offset < kHolderEnd && is_pybind11_instance(row))
    return offset < kHolder ? "value" : "holder";
  return fmt::format("word +{}", offset);
}

}  // namespace reftally
