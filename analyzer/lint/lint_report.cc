#include "analyzer/lint/lint_report.h"

namespace reftally::lint {
namespace {

constexpr LintRenderer kRenderers[] = {
    {"text", "as clang-tidy writes it: one line a finding, one note a reference", render_lint_text},
    {"json", "JSON, schema reftally-lint/1", render_lint_json},
    {"sarif", "SARIF 2.1.0", render_lint_sarif},
    {"diff", "a patch that makes each member weak that a finding advises to; uses of it must lock() it then",
     render_lint_diff},
};

}  // namespace

std::span<const LintRenderer> lint_renderers() { return kRenderers; }

std::string shown_path(const LintReport& report, const std::string& path) {
  const std::string prefix = report.root + "/";
  return path.starts_with(prefix) ? path.substr(prefix.size()) : path;
}

}  // namespace reftally::lint
