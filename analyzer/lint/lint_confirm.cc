#include "analyzer/lint/lint_confirm.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "analyzer/base/error.h"

namespace reftally::lint {
namespace {

using Json = nlohmann::json;

struct SeenEdge {
  std::string member;    // "Timer::callback_"
  std::string location;  // "timer.h:11": name of the file and line of the declaration, or empty
};

struct SeenCycle {
  std::vector<SeenEdge> edges;
  std::string summary;
  uint64_t instances = 0;
};

// "Tree<int>::routes_[].handler_ -> [lambda x.cpp:3].self" -> "Tree::routes_": the member that the source declares.
std::string declared_member(const std::string& text) {
  std::string name;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<') ++depth;
    if (depth == 0) {
      if (text[i] == ' ' || text[i] == '[' || text[i] == '.') break;
      name += text[i];
    }
    if (text[i] == '>') --depth;
  }
  return name;
}

std::string file_and_line(const std::string& place) {
  return std::filesystem::path(place).filename().string();  // "src/timer.h:11" -> "timer.h:11"
}

std::vector<SeenCycle> cycles_of(const std::string& file, std::string_view text) try {
  const Json report = Json::parse(text);
  if (report.value("schema", "") != "reftally-analysis/1") throw Error(file + ": expected schema reftally-analysis/1");
  std::vector<SeenCycle> cycles;
  for (const Json& finding : report.at("findings")) {
    SeenCycle cycle;
    for (const Json& edge : finding.value("cycle", Json::array())) {
      const std::string member =
          edge.value("member", edge.value("from", std::string()) + "::" + edge.value("via", std::string()));
      cycle.edges.push_back({declared_member(member), file_and_line(edge.value("location", std::string()))});
    }
    cycle.summary = finding.value("summary", "");
    cycle.instances = finding.value("instances", 1);
    if (!cycle.edges.empty()) cycles.push_back(std::move(cycle));
  }
  return cycles;
} catch (const nlohmann::json::exception& error) {
  throw Error(file + ": expected a JSON report of reftally analyze: " + error.what());
}

// The member of the source that a run-time reference goes through: by name, else by the place of its declaration.
FieldRef source_member(const Program& program, const SeenEdge& edge) {
  FieldRef by_place;
  for (const RecordFact& record : program.records())
    for (const FieldFact& field : record.fields) {
      if (program.field_name(field.key) == edge.member) return {&record, &field};
      const std::string place = file_and_line(record.location.file) + ":" + std::to_string(field.line);
      if (!edge.location.empty() && place == edge.location) by_place = {&record, &field};
    }
  return by_place;
}

bool covers(const LintFinding& finding, const std::set<Key>& seen) {
  return std::all_of(seen.begin(), seen.end(), [&](const Key& key) {
    return std::find(finding.edges.begin(), finding.edges.end(), key) != finding.edges.end();
  });
}

void add_stores(const LintContext& context, const Key& field, LintFinding& finding) {
  std::set<StoreSite> told;
  for (const ObjectGraph& graph : context.graphs.graphs())
    for (const ObjectEdge& edge : graph.edges)
      if (edge.site != 0 && edge.field == field) told.insert(graph.sites[edge.site]);
  for (const StoreSite& site : told)
    finding.notes.push_back({site.location, "stored here, in " + site.function + "()", true});
}

LintFinding unforeseen(const LintContext& context, const SeenCycle& cycle, const std::vector<FieldRef>& members) {
  LintFinding finding;
  finding.rule = "own-cycle";
  finding.severity = LintSeverity::kWarning;
  finding.rank = 95;
  finding.seen = cycle.instances;
  finding.message = "ownership cycle seen at run time: " + cycle.summary;
  std::set<std::string> names;
  for (const FieldRef& member : members) {
    const Location at{member.record->location.file, member.field->line, member.field->column};
    if (finding.location.file.empty()) finding.location = at;
    const std::string name = context.program.field_name(member.field->key);
    names.insert(name);
    finding.notes.push_back({at, name + " holds the next", true});
    add_stores(context, member.field->key, finding);
    finding.edges.push_back(member.field->key);
  }
  for (const std::string& name : names) finding.identity += (finding.identity.empty() ? "" : " ") + name;
  return finding;
}

}  // namespace

void confirm_findings(const LintContext& context, const std::string& file, std::string_view report_json,
                      std::vector<LintFinding>& findings) {
  for (const SeenCycle& cycle : cycles_of(file, report_json)) {
    std::vector<FieldRef> members;
    std::set<Key> keys;
    for (const SeenEdge& edge : cycle.edges)
      if (const FieldRef member = source_member(context.program, edge)) {
        members.push_back(member);
        keys.insert(member.field->key);
      }
    if (members.size() < cycle.edges.size()) continue;  // a library's, or of another program
    bool foreseen = false;
    for (LintFinding& finding : findings) {
      if (finding.edges.empty() || !covers(finding, keys)) continue;
      foreseen = true;
      finding.seen += cycle.instances;
      finding.rank = 100;
      if (finding.severity == LintSeverity::kNote) finding.severity = LintSeverity::kWarning;
      finding.notes.push_back({finding.location, "seen at run time, in " + file + ": " + cycle.summary});
    }
    if (!foreseen) findings.push_back(unforeseen(context, cycle, members));
  }
}

bool is_report(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(file + ": cannot be read");
  return in.peek() == '{';
}

std::string read_report(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

std::string analyze_dump(const std::string& file, const std::string& type_map, const std::string& reftally) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw Error(std::string("a pipe to reftally analyze: ") + strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  std::vector<std::string> arguments{reftally, "analyze", "--format", "json", "--type-map", type_map, file};
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawn(&child, reftally.c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string report;
  char buffer[65536];
  for (ssize_t got = 0; !failed && (got = read(ends[0], buffer, sizeof buffer)) > 0;) report.append(buffer, got);
  close(ends[0]);
  int status = 0;
  if (failed || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 2)
    throw Error(file + ": " + reftally + " analyze could not read it");
  return report;
}

}  // namespace reftally::lint
