// The facts of one translation unit on disk: what was read (to know when they are stale), what went wrong, facts.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/lint/program.h"
#include "analyzer/lint/translation_unit.h"

namespace reftally::lint {

// Name of the file that holds the facts of this command: a hash of command, options and version of the facts.
std::string facts_file_name(const CompileCommand& command, const ExtractOptions& options);

struct FileState {
  uint64_t size = 0;
  int64_t changed = -1;  // modification time, ns; -1: no such file
  uint64_t content = 0;  // hash
};

// States of files, each asked of the system once.
class FileStates {
 public:
  FileState stat(const std::string& path);         // without content
  uint64_t content_hash(const std::string& path);  // 0 when unreadable

 private:
  std::unordered_map<std::string, FileState> known_;
  std::unordered_map<std::string, uint64_t> hashes_;
  friend class FreshLines;

 public:
  std::unordered_map<uint64_t, bool> line_is_fresh;  // of include lines, by hash: headers repeat in every unit
};

void write_facts_file(const std::string& path, const Facts& facts, FileStates& states);  // whole or not at all

// True when every file that was read is as it was, and it parsed without errors.
bool is_fresh(const std::string& path, FileStates& states);

std::vector<std::string> files_read(const std::string& path);  // as the facts file tells

struct UnitErrors {
  uint32_t count = 0;
  std::vector<std::string> first;
};

UnitErrors load_facts_file(const std::string& path, Program& program);

}  // namespace reftally::lint
