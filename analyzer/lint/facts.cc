#include "analyzer/lint/facts.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "analyzer/base/error.h"

namespace reftally::lint {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Location& location) { return Json::array({location.file, location.line, location.column}); }

Location location_of(const Json& json) { return {json.at(0), json.at(1), json.at(2)}; }

Json to_json(const FieldFact& field) {
  Json edges = Json::array();
  for (const FieldEdge& edge : field.edges)
    edges.push_back({static_cast<int>(edge.hold), edge.target, edge.many, edge.is_const});
  return {field.key, field.name, field.type, field.line, field.column, field.offset, field.is_const, edges};
}

FieldFact field_of(const Json& json) {
  FieldFact field{json.at(0), json.at(1), json.at(2), json.at(3), json.at(4), json.at(5), json.at(6), {}};
  for (const Json& edge : json.at(7))
    field.edges.push_back({static_cast<Hold>(edge.at(0).get<int>()), edge.at(1), edge.at(2), edge.at(3)});
  return field;
}

Json to_json(const RecordFact& record) {
  Json bases = Json::array(), fields = Json::array();
  for (const BaseFact& base : record.bases) bases.push_back({base.key, base.offset});
  for (const FieldFact& field : record.fields) fields.push_back(to_json(field));
  const int flags = record.is_polymorphic | record.has_virtual_destructor << 1 | record.has_user_destructor << 2 |
                    record.counts_itself << 3 | record.is_union << 4;
  return {{"record", record.key},
          {"name", record.name},
          {"rtti", record.rtti},
          {"pattern", record.pattern},
          {"at", to_json(record.location)},
          {"size", record.size},
          {"flags", flags},
          {"bases", bases},
          {"fields", fields}};
}

RecordFact record_of(const Json& json) {
  RecordFact record;
  record.key = json.at("record");
  record.name = json.at("name");
  record.rtti = json.at("rtti");
  record.pattern = json.at("pattern");
  record.location = location_of(json.at("at"));
  record.size = json.at("size");
  const int flags = json.at("flags");
  record.is_polymorphic = flags & 1;
  record.has_virtual_destructor = flags & 2;
  record.has_user_destructor = flags & 4;
  record.counts_itself = flags & 8;
  record.is_union = flags & 16;
  for (const Json& base : json.at("bases")) record.bases.push_back({base.at(0), base.at(1)});
  for (const Json& field : json.at("fields")) record.fields.push_back(field_of(field));
  return record;
}

Json to_json(const Step& step) {
  return {static_cast<int>(step.kind), step.line, step.column, step.index, step.flag, step.id, step.text, step.args};
}

Step step_of(const Json& json) {
  Step step;
  step.kind = static_cast<StepKind>(json.at(0).get<int>());
  step.line = json.at(1);
  step.column = json.at(2);
  step.index = json.at(3);
  step.flag = json.at(4);
  step.id = json.at(5);
  step.text = json.at(6);
  step.args = json.at(7).get<std::vector<uint32_t>>();
  return step;
}

Json to_json(const FunctionFact& function) {
  const int flags =
      function.is_constructor | function.is_destructor << 1 | function.is_virtual << 2 | function.is_defaulted << 3;
  Json steps = Json::array();
  for (const Step& step : function.steps) steps.push_back(to_json(step));
  return {{"function", function.key},
          {"owner", function.owner},
          {"name", function.name},
          {"at", to_json(function.location)},
          {"flags", flags},
          {"parameters", function.parameters},
          {"overrides", function.overrides},
          {"calls", function.calls},
          {"locals", function.locals},
          {"steps", steps}};
}

FunctionFact function_of(const Json& json) {
  FunctionFact function;
  function.key = json.at("function");
  function.owner = json.at("owner");
  function.name = json.at("name");
  function.location = location_of(json.at("at"));
  const int flags = json.at("flags");
  function.is_constructor = flags & 1;
  function.is_destructor = flags & 2;
  function.is_virtual = flags & 4;
  function.is_defaulted = flags & 8;
  function.parameters = json.at("parameters");
  function.overrides = json.at("overrides").get<std::vector<Key>>();
  function.calls = json.at("calls").get<std::vector<Key>>();
  function.locals = json.at("locals").get<std::vector<std::string>>();
  for (const Json& step : json.at("steps")) function.steps.push_back(step_of(step));
  return function;
}

Json to_json(const SiteFact& site) {
  Json notes = Json::array();
  for (const auto& [location, text] : site.notes) notes.push_back({to_json(location), text});
  return {{"site", site.rule},         {"at", to_json(site.location)}, {"subject", site.subject},
          {"message", site.message},   {"detail", site.detail},        {"notes", notes},
          {"severity", site.severity}, {"needs", site.needs}};
}

SiteFact site_of(const Json& json) {
  SiteFact site{json.at("site"),     location_of(json.at("at")),
                json.at("subject"),  json.at("message"),
                json.at("detail"),   {},
                json.at("severity"), json.at("needs").get<std::vector<std::string>>()};
  for (const Json& note : json.at("notes")) site.notes.emplace_back(location_of(note.at(0)), note.at(1));
  return site;
}

Json to_json(const LayoutFact& layout) {
  Json members = Json::array();
  for (const LayoutMember& member : layout.members) {
    const int flags = member.is_base | member.is_virtual_base << 1 | member.is_bit_field << 2;
    members.push_back({member.name, member.type, member.offset, flags, member.vtable_offset, member.line});
  }
  const int flags = layout.is_complete | layout.is_polymorphic << 1 | layout.is_closure << 2 |
                    layout.has_user_destructor << 3 | static_cast<int>(layout.kind) << 4;
  return {{"layout", layout.rtti},
          {"flags", flags},
          {"sizes", {layout.size, layout.alignment, layout.count}},
          {"at", to_json(layout.location)},
          {"target", layout.target},
          {"members", members},
          {"arguments", layout.arguments},
          {"values", layout.values},
          {"closure", {layout.function, layout.parameters, layout.number}}};
}

LayoutFact layout_of(const Json& json) {
  LayoutFact layout;
  layout.rtti = json.at("layout");
  const int flags = json.at("flags");
  layout.is_complete = flags & 1;
  layout.is_polymorphic = flags & 2;
  layout.is_closure = flags & 4;
  layout.has_user_destructor = flags & 8;
  layout.kind = static_cast<LayoutFact::Kind>(flags >> 4);
  layout.size = json.at("sizes").at(0);
  layout.alignment = json.at("sizes").at(1);
  layout.count = json.at("sizes").at(2);
  layout.location = location_of(json.at("at"));
  layout.target = json.at("target");
  for (const Json& member : json.at("members")) {
    const int bits = member.at(3);
    layout.members.push_back({member.at(0), member.at(1), member.at(2), (bits & 1) != 0, (bits & 2) != 0,
                              (bits & 4) != 0, member.at(4), member.at(5)});
  }
  layout.arguments = json.at("arguments").get<std::vector<std::string>>();
  layout.values = json.at("values").get<std::vector<int64_t>>();
  layout.function = json.at("closure").at(0);
  layout.parameters = json.at("closure").at(1).get<std::vector<std::string>>();
  layout.number = json.at("closure").at(2);
  return layout;
}

}  // namespace

void write_facts(const Facts& facts, std::ostream& out) {
  auto line = [&](const Json& json) { out << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n'; };
  for (const RecordFact& record : facts.records) line(to_json(record));
  for (const FunctionFact& function : facts.functions) line(to_json(function));
  for (const SiteFact& site : facts.sites) line(to_json(site));
  for (const LayoutFact& layout : facts.layouts) line(to_json(layout));
}

void read_fact(std::string_view line, Facts& facts) try {
  const Json json = Json::parse(line);
  if (json.contains("record"))
    facts.records.push_back(record_of(json));
  else if (json.contains("function"))
    facts.functions.push_back(function_of(json));
  else if (json.contains("site"))
    facts.sites.push_back(site_of(json));
  else if (json.contains("layout"))
    facts.layouts.push_back(layout_of(json));
  else
    throw Error("a line of facts is neither record, function, site nor layout");
} catch (const nlohmann::json::exception& error) {
  throw Error(std::string("a line of facts is malformed: ") + error.what());
}

}  // namespace reftally::lint
