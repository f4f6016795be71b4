#include "analyzer/cli/run_dumps.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "analyzer/base/error.h"
#include "analyzer/image/dump_image.h"

namespace reftally {
namespace {

namespace fs = std::filesystem;

// A folder that cannot be read or made costs the dump, not the program: the agent says so when it cannot write.
std::vector<fs::path> dumps_in(const std::string& folder) {
  std::vector<fs::path> dumps;
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, unreadable))
    if (entry.path().extension() == ".tally" && !entry.path().filename().string().starts_with("."))
      dumps.push_back(entry.path());
  return dumps;
}

// Others are older, or of others who use the folder at the same time: the tests of one suite do.
std::optional<ImageProcess> process_of_run(const fs::path& path, uint64_t run) {
  try {
    ImageProcess process = process_of_dump(path.string());
    return process.run == run ? std::optional(std::move(process)) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // gone, or no dump
  }
}

struct Dump {
  fs::path path;
  dump::SnapshotReason reason;
};
using DumpsBySequence = std::map<uint32_t, Dump>;

ProcessDumps dumps_of_process(const std::string& program, const DumpsBySequence& dumps) {
  ProcessDumps result{program, dumps.rbegin()->second.path.string(), {}};
  for (const auto& [sequence, dump] : dumps)
    if (dump.reason == dump::SnapshotReason::kSignal) result.while_running.push_back(dump.path.string());
  return result;
}

}  // namespace

std::vector<ProcessDumps> dumps_of_run(const std::string& folder, uint64_t run, pid_t first) {
  std::map<fs::path, DumpsBySequence> processes;  // by NAME.PID
  for (const fs::path& path : dumps_in(folder))
    if (const auto process = process_of_run(path, run))
      processes[path.stem().stem()][process->sequence] = {path, process->reason};
  std::vector<ProcessDumps> result;
  for (const auto& [process, dumps] : processes) {
    result.push_back(dumps_of_process(process.stem().string(), dumps));
    if (process.extension() == "." + std::to_string(first)) std::rotate(result.begin(), result.end() - 1, result.end());
  }
  return result;
}

std::vector<std::string> dump_files_of_run(const std::string& folder, uint64_t run) {
  std::vector<std::string> result;
  std::error_code gone;
  for (const fs::path& path : dumps_in(folder))
    if (fs::is_regular_file(fs::symlink_status(path, gone)) && process_of_run(path, run))
      result.push_back(path.string());
  return result;
}

bool is_of_shell(const ProcessDumps& dumps) {
  constexpr std::string_view kShells[] = {"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox"};
  return std::find(std::begin(kShells), std::end(kShells), dumps.program) != std::end(kShells);
}

std::vector<std::string> evenly_spaced(const std::vector<std::string>& dumps, size_t most) {
  if (dumps.size() <= most) return dumps;
  std::vector<std::string> result;
  for (size_t i = 0; i < most; i++) result.push_back(dumps[i * (dumps.size() - 1) / (most - 1)]);
  return result;
}

}  // namespace reftally
