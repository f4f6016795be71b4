#include "analyzer/lint/type_map_file.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "analyzer/base/error.h"

namespace reftally::lint {
namespace {

using Json = nlohmann::ordered_json;
using Kind = LayoutFact::Kind;

constexpr const char* kKinds[] = {"class", "union", "pointer",  "reference",     "array",
                                  "base",  "enum",  "function", "member-pointer"};
constexpr const char* kHolds[] = {"value", "unique", "strong", "callable", "opaque", "weak", "raw"};

bool same_layout(const LayoutFact& a, const LayoutFact& b) {
  return a.size == b.size && std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
                                        [](const LayoutMember& left, const LayoutMember& right) {
                                          return left.name == right.name && left.type == right.type &&
                                                 left.offset == right.offset;
                                        });
}

class TypeMap {
 public:
  explicit TypeMap(const Program& program);
  size_t left_out() const { return conflicting_.size(); }
  void write(std::ostream& out) const;

 private:
  Json json_of(const LayoutFact& layout) const;
  Json json_of(const LayoutFact& layout, const LayoutMember& member) const;
  Json number_of(const std::string& rtti) const;

  std::map<std::string, const LayoutFact*> layouts_;
  std::set<std::string> conflicting_;
  std::map<std::string, size_t> numbers_;
  std::map<std::pair<std::string, std::string>, std::vector<FieldEdge>> holds_;  // by class and member
};

TypeMap::TypeMap(const Program& program) {
  for (const LayoutFact& layout : program.layouts()) {
    auto [known, is_new] = layouts_.emplace(layout.rtti, &layout);
    if (is_new || !layout.is_complete) continue;
    if (!known->second->is_complete)
      known->second = &layout;
    else if (!same_layout(*known->second, layout))
      conflicting_.insert(layout.rtti);
  }
  for (const std::string& rtti : conflicting_) layouts_.erase(rtti);
  for (const auto& [rtti, layout] : layouts_) numbers_.emplace(rtti, numbers_.size());
  for (const RecordFact& record : program.records())
    for (const FieldFact& field : record.fields) holds_[{record.rtti, field.name}] = field.edges;
}

Json TypeMap::number_of(const std::string& rtti) const {
  const auto found = numbers_.find(rtti);
  return found == numbers_.end() ? Json(nullptr) : Json(found->second);  // void, or left out
}

Json TypeMap::json_of(const LayoutFact& layout, const LayoutMember& member) const {
  Json json{{"name", member.name}, {"offset", member.offset}, {"type", number_of(member.type)}};
  if (member.is_base) json["base"] = true;
  if (member.is_virtual_base) json["virtual"] = member.vtable_offset;
  if (member.is_bit_field) json["bits"] = true;
  if (member.line) json["line"] = member.line;
  const auto holds = holds_.find({layout.rtti, member.name});
  if (member.is_base || holds == holds_.end()) return json;
  Json each = Json::array();
  for (const FieldEdge& edge : holds->second) each.push_back(kHolds[static_cast<size_t>(edge.hold)]);
  if (!each.empty()) json["holds"] = std::move(each);
  return json;
}

Json TypeMap::json_of(const LayoutFact& layout) const {
  Json json{{"key", layout.rtti}, {"kind", kKinds[static_cast<size_t>(layout.kind)]}, {"size", layout.size}};
  if (layout.alignment > 1) json["alignment"] = layout.alignment;
  if (!layout.is_complete) json["incomplete"] = true;
  if (layout.is_polymorphic) json["polymorphic"] = true;
  if (layout.has_user_destructor) json["destructor"] = true;
  if (layout.kind == Kind::kArray) json["count"] = layout.count;
  if (!layout.target.empty()) json["target"] = number_of(layout.target);
  if (layout.location.line) json["at"] = {layout.location.file, layout.location.line};
  for (const LayoutMember& member : layout.members) json["members"].push_back(json_of(layout, member));
  for (const std::string& argument : layout.arguments) json["arguments"].push_back(number_of(argument));
  if (!layout.values.empty()) json["values"] = layout.values;
  if (layout.is_closure) json["closure"] = {layout.function, layout.parameters, layout.number};
  return json;
}

void TypeMap::write(std::ostream& out) const {
  out << "{\"schema\": \"reftally-types/1\", \"types\": [\n";
  const char* separator = "";
  for (const auto& [rtti, layout] : layouts_) {
    out << separator << json_of(*layout).dump(-1, ' ', false, Json::error_handler_t::replace);
    separator = ",\n";
  }
  out << "\n]}\n";
}

}  // namespace

size_t write_type_map(const Program& program, const std::string& file) {
  const TypeMap map(program);
  std::ofstream out(file);
  map.write(out);
  out.close();
  if (!out) throw Error(file + ": cannot be written");
  return map.left_out();
}

}  // namespace reftally::lint
