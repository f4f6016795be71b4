// The CPython rules. A translation unit finds what may be a fault, and names what it needs to be true of functions and
// members elsewhere: "+returns-new:KEY|entry:KEY" (one of these is said), "-steals:KEY:1" (nobody says so). Here all
// that is said is put together, also what follows from calls: a function returns what the function returns that it
// returns the result of.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {
namespace {

class Said {
 public:
  explicit Said(const Program& program) {
    for (const SiteFact& site : program.sites())
      if (site.rule == "py-says") add(site.detail);
    follow("returns-as:", ':', {"returns-new:", "returns-borrowed:", "returns-unknown:"});
    follow("steals-as:", '=', {"steals:"});
    follow_mentions();
  }
  bool meets(const std::string& need) const {
    bool said = false;
    for (size_t start = 1; start <= need.size();) {
      const size_t end = std::min(need.find('|', start), need.size());
      said |= all_.count(need.substr(start, end - start)) > 0;
      start = end + 1;
    }
    return said == (need[0] == '+');
  }

 private:
  void add(const std::string& what) {
    all_.insert(what);
    for (const char* arrow : {"returns-as:", "steals-as:", "mentions-as:"})
      if (what.starts_with(arrow)) arrows_[arrow].push_back(what.substr(std::string(arrow).size()));
    if (what.starts_with("mentions:")) {
      const size_t colon = what.find(':', 9);
      mentions_[what.substr(9, colon - 9)].push_back(what.substr(colon + 1));
    }
  }
  // A said of B holds of A too, for each "A<separator>B", until nothing new comes.
  void follow(const char* arrow, char separator, const std::vector<std::string>& what) {
    for (bool changed = true; changed;) {
      changed = false;
      for (const std::string& pair : arrows_[arrow]) {
        const size_t middle = pair.find(separator);
        for (const std::string& each : what)
          if (all_.count(each + pair.substr(middle + 1))) changed |= all_.insert(each + pair.substr(0, middle)).second;
      }
    }
  }
  void follow_mentions() {
    for (bool changed = true; changed;) {
      changed = false;
      for (const std::string& pair : arrows_["mentions-as:"]) {
        const size_t middle = pair.find('=');
        const std::string from = pair.substr(0, middle);
        const std::vector<std::string> fields = mentions_[pair.substr(middle + 1)];
        for (const std::string& field : fields)
          if (all_.insert("mentions:" + from + ":" + field).second) mentions_[from].push_back(field), changed = true;
      }
    }
  }

  std::unordered_set<std::string> all_;
  std::unordered_map<std::string, std::vector<std::string>> arrows_, mentions_;
};

void find(const LintContext& context, const char* rule, std::vector<LintFinding>& out, bool one_a_subject = false) {
  const Said said(context.program);
  std::unordered_set<Key> told;
  find_sites(context, rule, out, [&](const SiteFact& site) {
    return std::all_of(site.needs.begin(), site.needs.end(),
                       [&](const std::string& need) { return said.meets(need); }) &&
           (told.insert(site.subject).second || !one_a_subject);
  });
}

}  // namespace

void find_python_leaks(const LintContext& context, std::vector<LintFinding>& out) { find(context, "py-leak", out); }
void find_python_borrowed(const LintContext& context, std::vector<LintFinding>& out) {
  find(context, "py-borrowed", out);
}
void find_python_over_releases(const LintContext& context, std::vector<LintFinding>& out) {
  find(context, "py-over-release", out);
}
void find_python_traverses(const LintContext& context, std::vector<LintFinding>& out) {
  find(context, "py-traverse", out);
}
void find_python_clears(const LintContext& context, std::vector<LintFinding>& out) { find(context, "py-clear", out); }
void find_python_uncollected(const LintContext& context, std::vector<LintFinding>& out) {
  find(context, "py-no-gc", out, true);
}

size_t count_functions_given_up(const Program& program) {
  return std::count_if(program.sites().begin(), program.sites().end(), [](const SiteFact& site) {
    return site.rule == "py-says" && site.detail.starts_with("too-large:");
  });
}

}  // namespace reftally::lint
