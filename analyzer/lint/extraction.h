// Clang on many files: in workers, with the standard headers shared, one facts file a command.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analyzer/lint/shared_headers.h"
#include "analyzer/lint/translation_unit.h"
#include "analyzer/lint/workers.h"

namespace reftally::lint {

// Clang comes in as functions, so that nothing here includes it (translation_unit.h).
struct Clang {
  std::function<Facts(const CompileCommand&, const ExtractOptions&, const std::string& precompiled)> extract;
  std::function<std::vector<std::string>(const CompileCommand&, const ExtractOptions&, const std::string& precompiled)>
      precompile;
};

struct Extraction {
  const std::vector<CompileCommand>& commands;
  const std::vector<std::string>& facts_files;  // by command
  const ExtractOptions& options;
  const WorkerLimits& limits;
  const Clang& clang;

  // Parses these commands and writes their facts. Returns what went wrong, by command: empty for those with facts.
  std::vector<std::string> run(const std::vector<size_t>& which) const;

 private:
  void parse(const std::vector<size_t>& which, const std::vector<const std::string*>& precompiled,
             std::vector<std::string>& lost) const;
  void share_headers(const SharedHeaders& group) const;
};

}  // namespace reftally::lint
