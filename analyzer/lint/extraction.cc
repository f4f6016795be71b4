#include "analyzer/lint/extraction.h"

#include <set>

#include "analyzer/lint/facts_file.h"
#include "analyzer/lint/temporary_folder.h"

namespace reftally::lint {
namespace {

// A name that the file did not ask for may be in its way. A header that is missing is missing anyhow.
bool may_be_due_to_sharing(const Facts& facts) {
  return facts.error_count > 0 && facts.errors.front().find("file not found") == std::string::npos;
}

}  // namespace

void Extraction::parse(const std::vector<size_t>& which, const std::vector<const std::string*>& precompiled,
                       std::vector<std::string>& lost) const {
  const std::vector<TaskResult> results = run_in_workers(which.size(), limits, [&](size_t task) {
    const CompileCommand& command = commands[which[task]];
    static FileStates seen;  // of this worker: headers repeat
    Facts facts = clang.extract(command, options, precompiled[task] ? *precompiled[task] : std::string());
    if (precompiled[task] && may_be_due_to_sharing(facts)) facts = clang.extract(command, options, {});
    write_facts_file(facts_files[which[task]], facts, seen);
  });
  for (size_t task = 0; task < results.size(); ++task)
    lost[which[task]] = results[task].state == TaskState::kDone ? std::string() : results[task].message;
}

// In a worker; an error leaves every file to read its headers itself.
void Extraction::share_headers(const SharedHeaders& group) const {
  std::vector<std::string> included;
  for (size_t sample : group.samples)
    for (std::string& file : files_read(facts_files[sample])) included.push_back(std::move(file));
  std::set<std::string> headers = standard_headers(included);
  // Some projects put an assert.h of their own before the system's: what includes that is no library's.
  for (bool is_clean = false; !is_clean;) {
    write_shared_header(group, headers);
    is_clean =
        !erase_foreign(clang.precompile(group.command, options, group.precompiled), options.resource_dir, headers);
  }
}

std::vector<std::string> Extraction::run(const std::vector<size_t>& which) const {
  const TemporaryFolder folder;
  std::vector<std::string> lost(commands.size());
  std::vector<SharedHeaders> groups = group_by_flags(commands, which, folder.path());
  std::set<size_t> alone(which.begin(), which.end());
  for (const SharedHeaders& group : groups)
    for (size_t index : group.others) alone.erase(index);
  parse({alone.begin(), alone.end()}, std::vector<const std::string*>(alone.size()), lost);
  // What the samples read is known; now the others of each group.
  const std::vector<TaskResult> made =
      run_in_workers(groups.size(), limits, [&](size_t task) { share_headers(groups[task]); });
  std::vector<size_t> rest;
  std::vector<const std::string*> precompiled;
  for (size_t i = 0; i < groups.size(); ++i)
    for (size_t index : groups[i].others) {
      rest.push_back(index);
      precompiled.push_back(made[i].state == TaskState::kDone ? &groups[i].precompiled : nullptr);
    }
  parse(rest, precompiled, lost);
  // Sharing must not cost a file.
  std::vector<size_t> again;
  for (size_t i = 0; i < rest.size(); ++i)
    if (!lost[rest[i]].empty() && precompiled[i]) again.push_back(rest[i]);
  parse(again, std::vector<const std::string*>(again.size()), lost);
  return lost;
}

}  // namespace reftally::lint
