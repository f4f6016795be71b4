#include "tests/fuzz/damage.h"

#include <cstring>
#include <vector>

#include "analyzer/image/dump_file.h"
#include "tests/support/dump_builder.h"

namespace reftally::testing {
namespace {

uint64_t below(uint64_t bound, Random& random) { return bound ? random() % bound : 0; }

// Values at which sums, products and comparisons go wrong.
uint64_t awkward(Random& random) {
  static constexpr uint64_t kValues[] = {0,
                                         1,
                                         7,
                                         8,
                                         0x7f,
                                         0xff,
                                         0x7fffffff,
                                         0x80000000,
                                         0xffffffff,
                                         0x100000000,
                                         0x7fffffffffff,
                                         0x800000000000,
                                         0x7fffffffffffffff,
                                         0x8000000000000000,
                                         0xfffffffffffffff8,
                                         0xffffffffffffffff};
  return kValues[below(std::size(kValues), random)];
}

void overwrite(std::string& bytes, size_t offset, uint64_t value, size_t width) {
  if (offset + width <= bytes.size()) std::memcpy(bytes.data() + offset, &value, width);
}

uint64_t word_at(const std::string& bytes, size_t offset) {
  uint64_t value = 0;
  if (offset + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void damage_field(std::string& bytes, Random& random) {
  if (bytes.empty()) return;
  const size_t width = size_t{1} << below(4, random);
  const size_t offset = below(bytes.size() / width + 1, random) * width;
  const uint64_t was = word_at(bytes, offset);
  switch (below(5, random)) {
    case 0:
      return overwrite(bytes, offset, awkward(random), width);
    case 1:
      return overwrite(bytes, offset, was + 1, width);
    case 2:
      return overwrite(bytes, offset, was - 1, width);
    case 3:
      return overwrite(bytes, offset, was ^ uint64_t{1} << below(64, random), width);
    default:
      return overwrite(bytes, offset, word_at(bytes, below(bytes.size() / 8, random) * 8), width);
  }
}

using Sections = std::vector<DumpBuilder::Section>;

void damage_section(Sections& sections, Random& random) {
  if (sections.empty()) return;
  const size_t at = below(sections.size(), random);
  const size_t record = sections[at].record_size ? sections[at].record_size : 8;
  std::string& payload = sections[at].payload;
  const size_t first = below(payload.size() / record, random) * record;
  switch (below(10, random)) {
    case 0:
      sections.erase(sections.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    case 1:
      sections.push_back(Sections::value_type(sections[at]));
      return;
    case 2:
      std::swap(sections[at], sections[below(sections.size(), random)]);
      return;
    case 3:
      payload.erase(first, record);
      return;
    case 4:
      payload.insert(first, payload.substr(first, record));
      return;
    case 5:
      payload.resize(first);
      return;
    case 6:
      sections[at].record_size = static_cast<uint32_t>(awkward(random));
      return;
    default:
      damage_field(payload, random);
  }
}

Sections sections_of(const std::string& file) {
  const TemporaryFile copy(file);
  const DumpFile dump(copy.path());
  Sections sections;
  for (const DumpSection& section : dump.sections()) {
    const DumpPayload payload = dump.payload(section);
    sections.push_back(
        {section.header.tag, section.header.record_size, std::string(payload.bytes().begin(), payload.bytes().end())});
  }
  return sections;
}

}  // namespace

std::string damage_bytes(std::string file, Random& random) {
  for (uint64_t i = 1 + below(4, random); i > 0; --i) {
    switch (below(4, random)) {
      case 0:
        file.resize(below(file.size(), random));
        break;
      case 1:
        file.insert(below(file.size(), random), 1 + below(64, random), static_cast<char>(random()));
        break;
      default:
        damage_field(file, random);
    }
  }
  return file;
}

std::string damage_facts(const std::string& file, Random& random) {
  Sections sections = sections_of(file);
  for (uint64_t i = 1 + below(6, random); i > 0; --i) damage_section(sections, random);
  DumpBuilder builder;
  for (const auto& section : sections) builder.add_section(section);
  return builder.bytes();
}

}  // namespace reftally::testing
