#include "analyzer/image/type_map.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analyzer/base/error.h"
#include "analyzer/image/type_names.h"

namespace reftally {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<std::string_view, Type::Kind>, 9> kKinds = {{
    {"class", Type::Kind::kClass},
    {"union", Type::Kind::kUnion},
    {"pointer", Type::Kind::kPointer},
    {"reference", Type::Kind::kReference},
    {"array", Type::Kind::kArray},
    {"base", Type::Kind::kBase},
    {"enum", Type::Kind::kEnum},
    {"function", Type::Kind::kFunction},
    {"member-pointer", Type::Kind::kMemberPointer},
}};

Type::Kind kind_named(const std::string& name) {
  for (const auto& [text, kind] : kKinds)
    if (text == name) return kind;
  throw Error(fmt::format("kind \"{}\" is none of a type map", name));
}

std::string closure_name(const Json& closure, const std::string& key) {
  const std::string function = closure.at(0);
  if (function.empty()) return demangle_type(key);
  std::string parameters;
  for (const Json& parameter : closure.at(1))
    parameters += (parameters.empty() ? "" : ", ") + demangle_type(parameter.get<std::string>());
  return normal_type_name(
      fmt::format("{}::{{lambda({})#{}}}", demangle(function), parameters, closure.at(2).get<int>()));
}

TypeMember member_of(const Json& json, const Type* type, const std::string& file) {
  TypeMember member;
  member.name = json.at("name");
  member.offset = json.at("offset");
  member.type = type;
  member.is_base = json.value("base", false);
  member.is_virtual_base = json.contains("virtual");
  member.vtable_offset = json.value("virtual", int64_t{0});
  member.is_bit_field = json.value("bits", false);
  if (json.contains("line")) member.location = {file, json["line"].get<uint32_t>()};
  return member;
}

bool is_anonymous(const std::string& key) { return key.find('/') != std::string::npos; }

}  // namespace

TypeMap::TypeMap(const std::string& file, const Image& image) : file_(file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(file + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  void_.name = void_.short_name = "void";
  try {
    read(text.view());
  } catch (const Json::parse_error& error) {
    throw Error(file, error.byte, "JSON, as `reftally lint --type-map` writes it");
  } catch (const std::exception& error) {
    throw Error(fmt::format("{}: expected a type map of `reftally lint --type-map`: {}", file, error.what()));
  }
  check(image);
  refuse();
}

void TypeMap::read(std::string_view text) {
  const Json json = Json::parse(text);
  if (json.value("schema", "") != "reftally-types/1") throw Error("its schema is not reftally-types/1");
  const Json& rows = json.at("types");
  entries_.resize(rows.size());
  auto type_at = [&](const Json& row) { return row.is_null() ? &void_ : &entries_.at(row.get<size_t>()).type; };
  std::unordered_map<std::string, int> uses;  // of a name
  std::vector<std::string> names(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const Json& row = rows[i];
    Entry& entry = entries_[i];
    Type& type = entry.type;
    entry.key = row.at("key");
    type.kind = kind_named(row.at("kind"));
    type.size = row.at("size");
    entry.alignment = row.value("alignment", uint64_t{1});
    type.is_declaration = row.value("incomplete", false);
    entry.is_polymorphic = row.value("polymorphic", false);
    type.has_user_destructor = row.value("destructor", false);
    type.element_count = row.value("count", uint64_t{0});
    type.is_closure = row.contains("closure");
    if (row.contains("at")) type.location = {row["at"].at(0), row["at"].at(1)};
    if (row.contains("target")) type.target = type_at(row["target"]);
    for (const Json& member : row.value("members", Json::array()))
      type.members.push_back(member_of(member, type_at(member.at("type")), type.location.file));
    for (const Json& argument : row.value("arguments", Json::array()))
      type.template_arguments.push_back(type_at(argument));
    type.template_values = row.value("values", std::vector<int64_t>());
    names[i] = type.is_closure           ? closure_name(row["closure"], entry.key)
               : is_anonymous(entry.key) ? "(unnamed)"
                                         : demangle_type(entry.key);
    type.name =
        type.is_closure ? fmt::format("[lambda {}:{}]", base_name(type.location.file), type.location.line) : names[i];
    ++uses[names[i]];
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    Entry& entry = entries_[i];
    Type& type = entry.type;
    const bool is_class = type.kind == Type::Kind::kClass || type.kind == Type::Kind::kUnion;
    const SplitName split = is_class && !type.is_closure ? split_name(type.name) : SplitName{{}, type.name};
    type.scope = split.scope;
    type.short_name = split.short_name;
    by_key_[entry.key] = &entry;
    if (uses[names[i]] == 1) by_name_[names[i]] = &entry;
  }
}

TypeMap::Entry* TypeMap::entry_of(std::string_view demangled_name) {
  auto found = by_name_.find(normal_type_name(demangled_name));
  return found == by_name_.end() ? nullptr : found->second;
}

const Type* TypeMap::find(std::string_view demangled_name) const {
  auto found = by_name_.find(normal_type_name(demangled_name));
  return found == by_name_.end() || found->second->is_refused || found->second->type.is_declaration
             ? nullptr
             : &found->second->type;
}

const Type* TypeMap::find_mangled(std::string_view type_info_name) const {
  if (type_info_name.starts_with('*')) type_info_name.remove_prefix(1);
  auto found = by_key_.find(std::string(type_info_name));
  if (found == by_key_.end()) return find(demangle_type(type_info_name));
  return found->second->is_refused || found->second->type.is_declaration ? nullptr : &found->second->type;
}

std::vector<const Type*> TypeMap::classes_of_one_word() const {
  std::vector<const Type*> found;
  for (const Entry& entry : entries_) {
    const Type& type = entry.type;
    if (type.kind == Type::Kind::kClass && type.size == 8 && type.members.size() == 1 && type.has_user_destructor &&
        !entry.is_refused)
      found.push_back(&type);
  }
  return found;
}

}  // namespace reftally
