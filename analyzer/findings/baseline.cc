#include "analyzer/findings/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "analyzer/base/error.h"

namespace reftally {
namespace {

constexpr const char* kSchema = "reftally-baseline/1";

nlohmann::json parse(std::string_view text, const std::string& file) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(file, error.byte, "JSON, as written by `reftally check --update-baseline`");
  }
}

template <class Fail>
std::vector<std::string> read_files(const nlohmann::json& json, const Fail& fail) {
  auto is_text = [](const nlohmann::json& each) { return each.is_string(); };
  if (!json.is_array() || !std::all_of(json.begin(), json.end(), is_text))
    throw fail("\"files\" to be a list of texts");
  return json.get<std::vector<std::string>>();
}

nlohmann::ordered_json to_json(const BaselineEntry& entry) {
  nlohmann::ordered_json json{{"fingerprint", entry.fingerprint},
                              {"rule", entry.rule},
                              {"instances", entry.instances},
                              {"summary", entry.summary}};
  if (!entry.files.empty()) json["files"] = entry.files;
  return json;
}

BaselineEntry read_entry(const nlohmann::json& json, const std::string& file, size_t number) {
  auto fail = [&](const char* expected) {
    return Error(fmt::format("{}: finding {}: expected {}", file, number, expected));
  };
  auto text_of = [&](const char* name) {
    if (!json.is_object() || !json.contains(name) || !json[name].is_string())
      throw fail(fmt::format("a text \"{}\"", name).c_str());
    return json[name].get<std::string>();
  };
  BaselineEntry entry;
  entry.fingerprint = text_of("fingerprint");
  entry.rule = text_of("rule");
  entry.summary = text_of("summary");
  if (!json.contains("instances") || !json["instances"].is_number_unsigned())
    throw fail("a number \"instances\" of 0 or more");
  entry.instances = json["instances"].get<uint64_t>();
  if (json.contains("files")) entry.files = read_files(json["files"], fail);
  return entry;
}

std::vector<BaselineEntry> merge_equal(std::vector<BaselineEntry> entries) {
  std::map<std::string, BaselineEntry> by_fingerprint;
  for (BaselineEntry& entry : entries) {
    auto [at, fresh] = by_fingerprint.try_emplace(entry.fingerprint, entry);
    if (!fresh) at->second.instances += entry.instances;
  }
  std::vector<BaselineEntry> merged;
  for (auto& [fingerprint, entry] : by_fingerprint) merged.push_back(std::move(entry));
  std::sort(merged.begin(), merged.end(), [](const BaselineEntry& a, const BaselineEntry& b) {
    return std::tie(a.rule, a.summary, a.fingerprint) < std::tie(b.rule, b.summary, b.fingerprint);
  });
  return merged;
}

}  // namespace

std::vector<BaselineEntry> read_baseline(std::string_view text, const std::string& file) {
  const nlohmann::json json = parse(text, file);
  if (!json.is_object() || !json.contains("schema") || json["schema"] != kSchema)
    throw Error(fmt::format("{}: expected \"schema\": \"{}\"", file, kSchema));
  if (!json.contains("findings") || !json["findings"].is_array())
    throw Error(fmt::format("{}: expected a list \"findings\"", file));
  std::vector<BaselineEntry> entries;
  for (const nlohmann::json& entry : json["findings"]) entries.push_back(read_entry(entry, file, entries.size() + 1));
  return entries;
}

std::string write_baseline(std::vector<BaselineEntry> entries) {
  nlohmann::ordered_json json;
  json["schema"] = kSchema;
  json["findings"] = nlohmann::ordered_json::array();
  for (const BaselineEntry& entry : merge_equal(std::move(entries))) json["findings"].push_back(to_json(entry));
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

BaselineComparison compare_with_baseline(std::vector<BaselineEntry> found, std::vector<BaselineEntry> baseline) {
  BaselineComparison result;
  std::map<std::string, BaselineEntry> allowed;
  for (BaselineEntry& entry : merge_equal(std::move(baseline))) allowed.emplace(entry.fingerprint, std::move(entry));
  for (BaselineEntry& entry : merge_equal(std::move(found))) {
    auto known = allowed.find(entry.fingerprint);
    if (known == allowed.end()) known = allowed.find(entry.twin);
    std::vector<BaselineEntry>& list = known == allowed.end()                      ? result.fresh
                                       : entry.instances > known->second.instances ? result.grown
                                                                                   : result.known;
    if (known != allowed.end()) allowed.erase(known);
    list.push_back(std::move(entry));
  }
  for (auto& [fingerprint, entry] : allowed) result.gone.push_back(std::move(entry));
  return result;
}

}  // namespace reftally
