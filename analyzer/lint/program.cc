#include "analyzer/lint/program.h"

#include <xxhash.h>

#include <algorithm>
#include <tuple>

namespace reftally::lint {
namespace {

template <class Map>
const auto& or_empty(const Map& map, const Key& key) {
  static const typename Map::mapped_type empty;
  auto found = map.find(key);
  return found == map.end() ? empty : found->second;
}

bool same_layout(const RecordFact& a, const RecordFact& b) {
  if (a.size != b.size || a.fields.size() != b.fields.size()) return false;
  for (size_t i = 0; i < a.fields.size(); ++i)
    if (a.fields[i].name != b.fields[i].name || a.fields[i].offset != b.fields[i].offset) return false;
  return true;
}

}  // namespace

void Program::add_line(std::string_view line) {
  if (lines_seen_.insert(XXH3_64bits(line.data(), line.size())).second) read_fact(line, facts_);
}

void Program::finish() {
  // A function is kept once: the body with most steps (a unit that does not parse may know less of it).
  auto& functions = facts_.functions;
  std::stable_sort(functions.begin(), functions.end(), [](const FunctionFact& a, const FunctionFact& b) {
    return std::tie(a.location.file, a.location.line, a.location.column, a.key) <
               std::tie(b.location.file, b.location.line, b.location.column, b.key) ||
           (std::tie(a.location.file, a.location.line, a.location.column, a.key) ==
                std::tie(b.location.file, b.location.line, b.location.column, b.key) &&
            a.steps.size() > b.steps.size());
  });
  functions.erase(std::unique(functions.begin(), functions.end(),
                              [](const FunctionFact& a, const FunctionFact& b) { return a.key == b.key; }),
                  functions.end());
  auto& records = facts_.records;
  std::stable_sort(records.begin(), records.end(), [](const RecordFact& a, const RecordFact& b) {
    return std::tie(a.name, a.key) < std::tie(b.name, b.key);
  });
  std::vector<RecordFact> kept;
  for (RecordFact& record : records) {
    if (kept.empty() || kept.back().key != record.key)
      kept.push_back(std::move(record));
    else if (!same_layout(kept.back(), record))
      conflicting_.push_back(std::move(record));
  }
  records = std::move(kept);
  for (const RecordFact& record : records) {
    records_[record.key] = &record;
    for (const FieldFact& field : record.fields) fields_[field.key] = {&record, &field};
    for (const BaseFact& base : record.bases) derived_[base.key].push_back(&record);
  }
  for (const FunctionFact& function : functions) functions_[function.key] = &function;
  for (const FunctionFact& function : functions) {
    for (const Key& callee : function.calls) callers_[callee].push_back(&function);
    for (const Key& method : function.overrides) overriders_[method].push_back(&function);
  }
}

const RecordFact* Program::record(const Key& key) const {
  auto found = records_.find(key);
  return found == records_.end() ? nullptr : found->second;
}

const FunctionFact* Program::function(const Key& key) const {
  auto found = functions_.find(key);
  return found == functions_.end() ? nullptr : found->second;
}

FieldRef Program::field(const Key& key) const { return or_empty(fields_, key); }

const std::vector<const FunctionFact*>& Program::overriders(const Key& method) const {
  return or_empty(overriders_, method);
}

const std::vector<const FunctionFact*>& Program::callers(const Key& function) const {
  return or_empty(callers_, function);
}

const std::vector<const RecordFact*>& Program::derived(const Key& record) const { return or_empty(derived_, record); }

bool Program::is_derived_from(const Key& key, const Key& base) const {
  if (key == base) return true;
  const RecordFact* fact = record(key);
  if (!fact) return false;
  return std::any_of(fact->bases.begin(), fact->bases.end(),
                     [&](const BaseFact& parent) { return is_derived_from(parent.key, base); });
}

bool Program::may_be_same_object(const Key& a, const Key& b) const {
  if (!record(a) || !record(b) || is_derived_from(a, b) || is_derived_from(b, a)) return true;
  const auto& below = derived(a);
  return std::any_of(below.begin(), below.end(),
                     [&](const RecordFact* each) { return may_be_same_object(each->key, b); });
}

std::string Program::class_name(const Key& key) const {
  const RecordFact* fact = record(key);
  if (!fact) return "?";
  return fact->pattern.empty() ? fact->name : fact->pattern;
}

std::string Program::field_name(const Key& key) const {
  const FieldRef found = field(key);
  return found ? class_name(found.record->key) + "::" + found.field->name : "*";
}

}  // namespace reftally::lint
