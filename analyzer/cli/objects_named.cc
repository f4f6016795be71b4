#include "analyzer/cli/objects_named.h"

#include <fmt/format.h>

#include <optional>

#include "analyzer/base/error.h"

namespace reftally {
namespace {

uint64_t parse_address(const std::string& text) {
  size_t used = 0;
  uint64_t address = 0;
  try {
    address = std::stoull(text, &used, 16);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != text.size()) throw Error(fmt::format("{}: expected an address such as 0x55d0c2a1eeb0", text));
  return address;
}

// An address of a counter, of a value, or of anything in between: whose memory it is.
std::vector<ObjectId> objects_at(const AnalyzedDump& dump, uint64_t address) {
  const Heap& heap = dump.analysis.heap;
  const uint32_t block = dump.image->block_at(address);
  const bool is_known = block != Image::kNoBlock && block < heap.object_of_block.size();
  const uint64_t begin = is_known ? dump.image->blocks[block].address : address;
  std::optional<ObjectId> nearest, around;
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    if (heap.address[i] == address) return {ObjectId{i}};
    const bool before = heap.address[i] >= begin && heap.address[i] <= address && heap.is_counted(ObjectId{i});
    if (before && (!nearest || heap.address[index(*nearest)] < heap.address[i])) nearest = ObjectId{i};
    if (address - heap.address[i] < heap.size[i]) around = ObjectId{i};
  }
  if (is_known && nearest) return {*nearest};
  if (is_known) return {heap.object_of_block[block]};
  return around ? std::vector{*around} : std::vector<ObjectId>();
}

std::vector<ObjectId> objects_of_type(const Heap& heap, const std::string& what) {
  std::vector<ObjectId> objects;
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    const std::string_view type = heap.type_name(ObjectId{i});
    if (type == what || type.ends_with("::" + what) || type.ends_with("." + what)) objects.push_back(ObjectId{i});
  }
  return objects;
}

// What each instance of a finding begins with.
std::vector<ObjectId> objects_of_finding(const Analysis& analysis, const std::string& fingerprint) {
  std::vector<ObjectId> objects;
  for (const Finding& finding : analysis.findings)
    for (const std::vector<ObjectId>& instance : finding.instances)
      if (finding.fingerprint == fingerprint && !instance.empty()) objects.push_back(instance.front());
  return objects;
}

}  // namespace

std::vector<ObjectId> objects_named(const AnalyzedDump& analyzed, const std::string& dump, const std::string& what) {
  if (what.starts_with("0x")) {
    std::vector<ObjectId> there = objects_at(analyzed, parse_address(what));
    if (there.empty()) throw Error(fmt::format("{}: no object is or lies at {}", dump, what));
    return there;
  }
  std::vector<ObjectId> objects = objects_of_type(analyzed.analysis.heap, what);
  if (objects.empty()) objects = objects_of_finding(analyzed.analysis, what);
  if (objects.empty())
    throw Error(fmt::format("{}: no object is of type {}, and no finding has that name", dump, what));
  return objects;
}

}  // namespace reftally
