#include "analyzer/layouts/counters.h"

#include <algorithm>
#include <cctype>

namespace reftally {

namespace {

constexpr int kDeepestMember = 16;

bool is_integer(const Type& type) {
  if (type.kind != Type::Kind::kBase || (type.size != 4 && type.size != 8)) return false;
  return type.name.find("int") != type.name.npos || type.name.find("long") != type.name.npos;
}

void collect_counters(const Type& type, uint64_t offset, std::vector<Counter>& counters, int depth = 0) {
  for (const TypeMember& member : type.members) {
    if (!member.type || member.is_virtual_base || member.is_bit_field || depth > kDeepestMember) continue;
    if (member.is_base) {
      collect_counters(*member.type, offset + member.offset, counters, depth + 1);
    } else if (const Type* integer = wrapped_integer(*member.type)) {
      counters.push_back({type.name, member.name, offset + member.offset, integer->size});
    }
  }
}

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

const Type* wrapped_integer(const Type& type, int depth) {
  if (is_integer(type)) return &type;
  if (type.kind != Type::Kind::kClass || (type.size != 4 && type.size != 8) || depth > kDeepestMember) return nullptr;
  const Type* found = nullptr;
  for (const TypeMember& member : type.members) {
    if (!member.type || member.type->size == 0) continue;
    if (member.is_base && member.type->members.empty()) continue;
    if (found) return nullptr;
    found = wrapped_integer(*member.type, depth + 1);
    if (!found) return nullptr;
  }
  return found;
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

std::vector<Counter> counters_of(const Type& type) {
  std::vector<Counter> counters;
  collect_counters(type, 0, counters);
  return counters;
}

bool may_count(const Type& type, CountName name) {
  const std::vector<Counter> counters = counters_of(type);
  return std::any_of(counters.begin(), counters.end(),
                     [&](const Counter& counter) { return reads_as(name, counter.name); });
}

}  // namespace reftally
