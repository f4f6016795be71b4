// Reads the steps of one function in source order: which objects there are, who holds whom (objects.h).
#pragma once

#include <map>
#include <set>
#include <tuple>

#include "analyzer/lint/objects.h"

namespace reftally::lint {

inline constexpr size_t kMostObjects = 2000;  // of one function; more are not made

class Translation;

class Interpreter {
 public:
  Interpreter(ObjectGraphs& all, const FunctionFact& function) : all_(all), program_(all.program_) {
    graph_.function = &function;
    values_.resize(function.steps.size());
    locals_.resize(function.locals.size());
  }
  ObjectGraph run();
  uint32_t object(const Object& wanted);
  Value load(const Value& bases, const Key& field, uint32_t step);
  Value load_later(const Value& bases, const Key& field, uint32_t step);  // after something was stored in its like
  Value element(const Value& containers, const Key& index, uint32_t step, bool of_callee = false);

 private:
  Value one_of_those(const Value& made, uint32_t local);
  uint32_t element_of(uint32_t repeated, const Key& index, uint32_t step);
  uint32_t depth(uint32_t id) const;
  uint32_t site(const StoreSite& wanted);
  Location place(const Step& step) const { return {graph_.function->location.file, step.line, step.column}; }
  void add_edge(uint32_t from, const Key& field, uint32_t to, uint32_t store);
  void overwrite(const Value& bases, const Key& field, const Value& by);
  static void add(Value& value, const Value& more);
  const Value& arg(const Step& step, size_t i) const;

  void execute(uint32_t index, const Step& step);
  Value closure(const Step& step);
  void store(const Value& bases, const Key& field, const Value& what, const Step& step);
  void call(const Key& callee, bool is_virtual, const Value& receiver, const std::vector<Value>& arguments,
            const Step& step, uint32_t index, Value& result);
  std::vector<std::vector<Value>> one_by_one(std::vector<Value> values) const;
  void replay(const Translation& here, const Step& step, Value& result);
  bool is_only_null(const Value& value) const;
  bool gives_up(const Value& bases) const;
  Key class_of(uint32_t id) const;
  bool has_member(uint32_t id, const Key& field) const;
  bool may_own(const Key& field, const Atom& atom) const;
  void note_emptied(const Key& field, const Step& step, const std::string& how, bool escapes);

  ObjectGraphs& all_;
  const Program& program_;
  ObjectGraph graph_;
  std::vector<Value> values_, locals_;
  std::map<Object, uint32_t> ids_;
  std::map<StoreSite, uint32_t> site_ids_;
  std::map<std::pair<uint32_t, Key>, Value> members_;  // content of (object, field), as stored here
  std::set<std::tuple<uint32_t, Key, uint32_t>> known_edges_;
  std::set<std::pair<uint32_t, Key>> overwritten_;  // (object, field) that something was stored in here
  std::map<Key, uint32_t> stored_;                  // how often, by field
  std::set<uint32_t> repeated_;                     // objects that stand for all that a loop made
  std::map<Key, uint32_t> indices_;                 // as written
};

}  // namespace reftally::lint
