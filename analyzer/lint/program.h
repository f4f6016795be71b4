// The facts of all translation units, joined: one record a class, one function a body, whatever headers they came from.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/lint/facts.h"

namespace reftally::lint {

struct FieldRef {
  const RecordFact* record = nullptr;
  const FieldFact* field = nullptr;
  explicit operator bool() const { return field != nullptr; }
};

class Program {
 public:
  // Lines already seen in another unit are skipped unread. Throws Error on a malformed line.
  void add_line(std::string_view line);
  void finish();  // after the last line; what follows may be asked then

  const std::vector<RecordFact>& records() const { return facts_.records; }        // by name
  const std::vector<FunctionFact>& functions() const { return facts_.functions; }  // by place
  const std::vector<SiteFact>& sites() const { return facts_.sites; }
  const std::vector<LayoutFact>& layouts() const { return facts_.layouts; }            // as read
  const std::vector<RecordFact>& conflicting_records() const { return conflicting_; }  // same key, other layout

  const RecordFact* record(const Key& key) const;
  const FunctionFact* function(const Key& key) const;
  FieldRef field(const Key& key) const;
  const std::vector<const FunctionFact*>& overriders(const Key& method) const;  // of any depth, without itself
  const std::vector<const FunctionFact*>& callers(const Key& function) const;
  const std::vector<const RecordFact*>& derived(const Key& record) const;  // directly
  bool is_derived_from(const Key& record, const Key& base) const;          // or the same
  // One derives from the other, some class derives from both, or too little is known of either.
  bool may_be_same_object(const Key& a, const Key& b) const;

  // "Session::handler_"; of an instantiation, the template's name, so that all of them are one.
  std::string field_name(const Key& field) const;
  std::string class_name(const Key& record) const;

 private:
  Facts facts_;
  std::vector<RecordFact> conflicting_;
  std::unordered_set<uint64_t> lines_seen_;
  std::unordered_map<Key, const RecordFact*> records_;
  std::unordered_map<Key, const FunctionFact*> functions_;
  std::unordered_map<Key, FieldRef> fields_;
  std::unordered_map<Key, std::vector<const FunctionFact*>> overriders_, callers_;
  std::unordered_map<Key, std::vector<const RecordFact*>> derived_;
};

}  // namespace reftally::lint
