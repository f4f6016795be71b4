#include "analyzer/image/type_index.h"

#include <algorithm>

#include "analyzer/base/parallel.h"
#include "analyzer/image/unit_walk.h"

namespace reftally {

namespace {

constexpr uint64_t kChunkBytes = 4u << 20;  // of DWARF a piece of work: enough to see most copies of a class once

struct Chunk {
  uint32_t file;
  size_t first, last;  // units
};

std::vector<Chunk> split_work(const std::deque<DwarfFile>& files) {
  std::vector<Chunk> chunks;
  for (uint32_t file = 0; file < files.size(); ++file) {
    const std::vector<DwarfUnit>& units = files[file].units;
    uint64_t bytes = 0;
    size_t first = 0;
    for (size_t i = 0; i < units.size(); ++i) {
      bytes += units[i].end - units[i].offset;
      if (bytes < kChunkBytes && i + 1 < units.size()) continue;
      chunks.push_back({file, first, i + 1});
      first = i + 1;
      bytes = 0;
    }
  }
  return chunks;
}

}  // namespace

TypeIndex::TypeIndex(const DwarfFiles& files) {
  const std::vector<Chunk> chunks = split_work(files.files());
  std::vector<WalkResult> results(chunks.size());
  parallel_for(chunks.size(), worker_threads(), [&](size_t i) {
    const DwarfFile& file = files.files()[chunks[i].file];
    for (size_t unit = chunks[i].first; unit < chunks[i].last; ++unit) {
      walk_unit(file.sections, file.units[unit], results[i]);
    }
    results[i].seen = {};
  });
  // In order of the chunks, so that threads do not decide which copy of a class is the first.
  for (size_t i = 0; i < chunks.size(); ++i) {
    const uint32_t file = chunks[i].file;
    for (const WalkedClass& found : results[i].classes) {
      add_hashed(found.key_hash, {{file, found.in_types, found.offset}, found.size, found.line, found.twin});
    }
    for (const WalkedClass& found : results[i].unnamed_templates) {
      unnamed_templates_.push_back({file, found.in_types, found.offset});
    }
    for (const WalkedClosure& found : results[i].closures) {
      closures_.push_back({found.call_operator, {file, found.in_types, found.offset}});
    }
    for (const WalkedVariable& found : results[i].variables) {
      variables_.push_back({file, found.in_types, found.offset});
    }
  }
  std::stable_sort(closures_.begin(), closures_.end(),
                   [](const Closure& a, const Closure& b) { return a.call_operator < b.call_operator; });
}

void TypeIndex::add(std::string_view type_key, Definition definition) { add_hashed(hash_key(type_key), definition); }

void TypeIndex::add_hashed(uint64_t key_hash, Definition definition) {
  const auto row = static_cast<uint32_t>(definitions_.size());
  auto [found, is_new] = by_key_.emplace(key_hash, row);
  if (!is_new) {
    uint32_t last = found->second;
    while (true) {
      Definition& other = definitions_[last];
      if (other.size == definition.size && other.line == definition.line && other.twin == definition.twin) return;
      if (other.next == kEnd) break;
      last = other.next;
    }
    definitions_[last].next = row;
  }
  definitions_.push_back(definition);
}

const TypeIndex::Definition* TypeIndex::find(std::string_view type_key) const {
  auto found = by_key_.find(hash_key(type_key));
  return found == by_key_.end() ? nullptr : &definitions_[found->second];
}

const TypeIndex::Definition* TypeIndex::next(const Definition& definition) const {
  return definition.next == kEnd ? nullptr : &definitions_[definition.next];
}

bool TypeIndex::has_twin(const Definition& first) const {
  for (const Definition* definition = &first; definition; definition = next(*definition))
    if (definition->twin > 0) return true;
  return false;
}

const TypeIndex::Closure* TypeIndex::find_closure(std::string_view prefix) const {
  auto found =
      std::lower_bound(closures_.begin(), closures_.end(), prefix,
                       [](const Closure& closure, std::string_view name) { return closure.call_operator < name; });
  return found != closures_.end() && found->call_operator.starts_with(prefix) ? &*found : nullptr;
}

}  // namespace reftally
