// nonvirtual-destructor: found whole in the translation unit, where the conversion is written.
#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {

void find_nonvirtual_destructors(const LintContext& context, std::vector<LintFinding>& out) {
  find_sites(context, "nonvirtual-destructor", out);
}

}  // namespace reftally::lint
