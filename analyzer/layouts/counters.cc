#include "analyzer/layouts/counters.h"

#include <algorithm>
#include <cctype>

namespace reftally {

namespace {

constexpr int kDeepestMember = 16;

bool is_wide(const Type& integer) { return integer.size == 4 || integer.size == 8; }

bool is_integer(const Type& type) {
  if (type.kind != Type::Kind::kBase || type.size > 8) return false;
  constexpr std::string_view kParts[] = {"int", "long", "short", "signed char"};
  return std::any_of(std::begin(kParts), std::end(kParts),
                     [&](std::string_view part) { return type.name.find(part) != type.name.npos; });
}

const Type* integer_in(const Type& type, int depth = 0) {
  if (is_integer(type)) return &type;
  if (type.kind != Type::Kind::kClass || type.size > 8 || depth > kDeepestMember) return nullptr;
  const Type* found = nullptr;
  for (const TypeMember& member : type.members) {
    if (!member.type || member.type->size == 0) continue;
    if (member.is_base && member.type->members.empty()) continue;
    if (found) return nullptr;
    found = integer_in(*member.type, depth + 1);
    if (!found) return nullptr;
  }
  return found;
}

class Collector {
 public:
  Collector(const DebugTypes* types, uint64_t object) : types_(types), object_(object) {}

  std::vector<Counter> run(const Type& type) {
    collect(type, 0, 0);
    return std::move(counters_);
  }

 private:
  void collect(const Type& type, uint64_t offset, int depth) {
    for (const TypeMember& member : type.members) {
      if (!member.type || member.is_bit_field || depth > kDeepestMember) continue;
      if (!member.is_base) {
        add(type, member, offset + member.offset);
      } else if (!member.is_virtual_base) {
        collect(*member.type, offset + member.offset, depth + 1);
      } else if (const auto from_here = types_ ? types_->virtual_base_offset(object_ + offset, member) : std::nullopt) {
        collect(*member.type, offset + static_cast<uint64_t>(*from_here), depth + 1);
      }
    }
  }

  void add(const Type& owner, const TypeMember& member, uint64_t offset) {
    const Type* integer = integer_in(*member.type);
    if (!integer || (!is_wide(*integer) && !reads_as(CountName::kReferences, member.name))) return;
    const bool is_known = std::any_of(counters_.begin(), counters_.end(), [&](const Counter& counter) {
      return counter.offset == offset && counter.name == member.name;  // a virtual base that is reached twice
    });
    if (!is_known) counters_.push_back({owner.name, member.name, offset, integer->size});
  }

  const DebugTypes* types_;
  uint64_t object_;
  std::vector<Counter> counters_;
};

// "m_pCount", "_cnt", "counter_": what is left without prefixes and underscores.
bool is_bare_count(std::string_view name) {
  for (std::string_view prefix : {"m_", "_", "p_", "n_"})
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  while (name.ends_with('_')) name.remove_suffix(1);
  for (std::string_view word : {"count", "counts", "counter", "cnt", "shared", "shares"})
    if (name == word || (name.starts_with('p') && name.substr(1) == word)) return true;
  return false;
}

}  // namespace

const Type* wrapped_integer(const Type& type) {
  const Type* found = integer_in(type);
  return found && is_wide(*found) ? found : nullptr;
}

bool reads_as(CountName wanted, std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  auto has = [&](std::string_view word) { return name.find(word) != name.npos; };
  const bool references = has("ref") || has("use_count") || has("usecount") || has("retain");
  if (wanted == CountName::kReferences) return references;
  if (wanted == CountName::kOnlyCount) return references || is_bare_count(name);
  return wanted == CountName::kAny || references || has("count") || has("cnt") || has("share");
}

bool reads_as_weak(std::string_view name) { return name.find("eak") != name.npos; }

std::vector<Counter> counters_of(const Type& type) { return Collector(nullptr, 0).run(type); }

std::vector<Counter> counters_of(const Type& type, const DebugTypes& types, uint64_t address) {
  return Collector(&types, address).run(type);
}

bool may_count(const Type& type, CountName name) {
  const std::vector<Counter> counters = counters_of(type);
  return std::any_of(counters.begin(), counters.end(),
                     [&](const Counter& counter) { return reads_as(name, counter.name); });
}

}  // namespace reftally
