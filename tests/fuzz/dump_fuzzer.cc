// Reads files that nobody should have written, and analyzes what is left of them. Each must end in a report or in one
// Error that names the file; anything else (signal, foreign exception, a minute) is a defect of the analyzer.
//
// Usage: dump_fuzzer [--damage N] [--seed S] FILE|FOLDER...
// With --damage each file is also read N times with some damage done to it. A defect leaves the input that shows it in
// dump_fuzzer.defect; add it to tests/fuzz/corpus with the repair.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include "analyzer/analysis.h"
#include "analyzer/base/error.h"
#include "analyzer/image/core_image.h"
#include "analyzer/image/dump_image.h"
#include "reports/build_report.h"
#include "reports/renderers.h"
#include "tests/fuzz/damage.h"
#include "tests/support/core_builder.h"
#include "tests/support/dump_builder.h"

namespace {

using namespace reftally;

constexpr unsigned kSecondsForOneInput = 60;
constexpr const char* kDefectFile = "dump_fuzzer.defect";

const std::string* current_input = nullptr;

void keep_input() {
  if (FILE* file = current_input ? fopen(kDefectFile, "wb") : nullptr) {
    fwrite(current_input->data(), 1, current_input->size(), file);
    fclose(file);
    fprintf(stderr, "dump_fuzzer: the input is in %s\n", kDefectFile);
  }
}

void on_defect(int signal) {
  keep_input();
  ::signal(signal, SIG_DFL);
  raise(signal);
}

void analyze_file(const std::string& path) {
  DebugOptions debug;
  debug.sysroot = "/nonexistent";  // of the paths in a hostile dump only those that are there without it are opened
  const Image image = read_image(path, debug.sysroot);
  if (!image.core) summarize_dump(path);
  const DebugTypes types(image, debug);
  const Report report =
      build_report(analyze(image, types, {}), &image, [](StackId) { return std::vector<SourceFrame>{}; });
  for (const char* format : {"text", "json", "html", "md"}) find_renderer(format)->render(report, {});
}

struct Outcomes {
  uint64_t reports = 0, refusals = 0;
  std::set<std::string> messages;  // without the offset: how many ways of refusal were met
};

void read_input(const std::string& bytes, Outcomes& tally) {
  current_input = &bytes;
  alarm(kSecondsForOneInput);
  const testing::TemporaryFile file(bytes);
  try {
    analyze_file(file.path());
    ++tally.reports;
  } catch (const Error& error) {
    const std::string message = error.what();
    if (message.find(file.path()) != 0 || message.find('\n') != std::string::npos) {
      throw std::logic_error("an Error that is not one line that begins with the file: " + message);
    }
    ++tally.refusals;
    tally.messages.insert(message.substr(message.find_last_of(':')));
  }
  alarm(0);
}

std::vector<std::string> files_of(const std::vector<std::string>& arguments) {
  std::set<std::string> files;
  for (const std::string& argument : arguments) {
    if (!std::filesystem::is_directory(argument)) {
      files.insert(argument);
    } else {
      for (const auto& entry : std::filesystem::directory_iterator(argument)) files.insert(entry.path().string());
    }
  }
  return {files.begin(), files.end()};
}

std::string contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool is_whole(const std::string& bytes) {
  try {
    summarize_dump(testing::TemporaryFile(bytes).path());
    return true;
  } catch (const Error&) {
    return false;
  }
}

void fuzz(const std::string& bytes, uint64_t runs, uint64_t seed, Outcomes& tally) {
  read_input(bytes, tally);
  const bool whole = is_whole(bytes);
  for (uint64_t i = 0; i < runs; ++i) {
    testing::Random random(seed + i);
    const bool facts = whole && i % 4 != 0;
    read_input(facts ? testing::damage_facts(bytes, random) : testing::damage_bytes(bytes, random), tally);
  }
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t runs = 0, seed = 1;
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    if (!strcmp(argv[i], "--damage") && i + 1 < argc) {
      runs = std::stoull(argv[++i]);
    } else if (!strcmp(argv[i], "--seed") && i + 1 < argc) {
      seed = std::stoull(argv[++i]);
    } else {
      arguments.emplace_back(argv[i]);
    }
  }
  for (int defect : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM}) signal(defect, on_defect);
  Outcomes tally;
  const std::string complete = testing::complete_dump().bytes(), core = testing::complete_core().bytes();
  try {
    fuzz(complete, runs, seed, tally);
    fuzz(core, 4 * runs, seed, tally);  // nothing in it is checked by a sum: each damage goes deep
    for (const std::string& file : files_of(arguments)) fuzz(contents(file), runs, seed, tally);
  } catch (const std::exception& error) {
    keep_input();
    fprintf(stderr, "dump_fuzzer: %s\n", error.what());
    return 1;
  }
  printf("%llu reports, %llu refusals in %zu ways\n", static_cast<unsigned long long>(tally.reports),
         static_cast<unsigned long long>(tally.refusals), tally.messages.size());
}
