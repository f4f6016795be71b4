#include "analyzer/findings/suppressions.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/findings/rules.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/stack_places.h"

namespace reftally {
namespace {

// Demanglers differ in "> >".
std::string without_spaces(std::string_view text) {
  std::string kept(text);
  std::erase(kept, ' ');
  return kept;
}

bool is_allocator(const StackPattern& pattern) {
  if (pattern.part != StackPattern::Part::kFunction) return false;
  constexpr std::string_view kNames[] = {"malloc",        "calloc", "realloc", "memalign",      "posix_memalign",
                                         "aligned_alloc", "valloc", "pvalloc", "__builtin_new", "__builtin_vec_new"};
  return pattern.glob.starts_with("_Zn") || pattern.glob.starts_with("operatornew") ||
         std::find(std::begin(kNames), std::end(kNames), pattern.glob) != std::end(kNames);
}

struct KindWord {
  std::string_view word;
  Suppression::Kind kind;
  bool needs_reason;
};
constexpr KindWord kKinds[] = {
    {"fingerprint:", Suppression::Kind::kFingerprint, true},
    {"type:", Suppression::Kind::kType, true},
    {"field:", Suppression::Kind::kField, true},
    {"rule:", Suppression::Kind::kRule, true},
    {"function:", Suppression::Kind::kFunction, true},
    {"leak:", Suppression::Kind::kLeak, false},
};

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  for (size_t i = 0; i < text.size(); i++)
    if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9')) return false;
  const int month = (text[5] - '0') * 10 + text[6] - '0', day = (text[8] - '0') * 10 + text[9] - '0';
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// LeakSanitizer's patterns: anywhere in the text unless tied to an end.
std::string glob_of_leak_pattern(std::string_view pattern) {
  std::string glob;
  if (!pattern.starts_with('^')) glob += '*';
  glob += pattern.substr(pattern.starts_with('^'));
  if (glob.ends_with('$')) {
    glob.pop_back();
  } else {
    glob += '*';
  }
  return glob;
}

// Lines with their place, for messages.
class SuppressionReader {
 public:
  SuppressionReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::vector<Suppression> read() {
    std::vector<Suppression> rows;
    while (next_line()) {
      if (line_.empty() || line_.starts_with('#')) continue;
      rows.push_back(line_ == "{" ? valgrind_block() : one_line());
    }
    return rows;
  }

 private:
  bool next_line() {
    if (at_ >= text_.size()) return false;
    const size_t end = std::min(text_.find('\n', at_), text_.size());
    line_ = trimmed(text_.substr(at_, end - at_));
    at_ = end + 1;
    number_++;
    return true;
  }

  [[noreturn]] void fail(std::string_view expected) const {
    throw Error(fmt::format("{}:{}: expected {}", file_, number_, expected));
  }

  Suppression new_row(Suppression::Kind kind) const {
    Suppression row{};
    row.kind = kind;
    row.file = file_;
    row.line = number_;
    return row;
  }

  Suppression one_line() const {
    const KindWord* word = std::find_if(std::begin(kKinds), std::end(kKinds),
                                        [&](const KindWord& kind) { return line_.starts_with(kind.word); });
    if (word == std::end(kKinds))
      fail("fingerprint:, type:, field:, rule:, function:, leak: or a block of valgrind's in braces");
    Suppression row = new_row(word->kind);
    std::string_view rest = line_.substr(word->word.size());
    if (const size_t mark = rest.find(" # "); mark != rest.npos) {
      row.reason = trimmed(rest.substr(mark + 3));
      rest = trimmed(rest.substr(0, mark));
    }
    if (const size_t until = rest.rfind(" until "); until != rest.npos) {
      row.until = trimmed(rest.substr(until + 7));
      if (!is_date(row.until)) fail(fmt::format("a date such as 2027-01-31 after \"until\", not \"{}\"", row.until));
      rest = trimmed(rest.substr(0, until));
    }
    row.pattern = trimmed(rest);
    if (row.pattern.empty()) fail(fmt::format("a pattern after \"{}\"", word->word));
    if (word->needs_reason && row.reason.empty()) fail("a reason: \" # why this is as it should be\"");
    if (row.reason.empty()) row.reason = line_;
    if (row.kind == Suppression::Kind::kLeak) row.pattern = glob_of_leak_pattern(row.pattern);
    if (row.kind == Suppression::Kind::kRule) check_rule(row.pattern);
    return row;
  }

  void check_rule(const std::string& name) const {
    std::string known;
    for (const Rule& rule : rules()) {
      if (rule.name == name) return;
      known += known.empty() ? rule.name : fmt::format(", {}", rule.name);
    }
    fail(fmt::format("one of the rules {}, not \"{}\"", known, name));
  }

  // { name, kind, frames… }: only leaks of Memcheck concern us, other blocks match nothing.
  Suppression valgrind_block() {
    Suppression row = new_row(Suppression::Kind::kStack);
    const size_t begin = number_;
    auto need_line = [&] {
      if (next_line()) return;
      number_ = begin;
      fail("the closing brace of this block");
    };
    need_line();
    row.reason = line_;
    need_line();
    const size_t colon = line_.find(':');
    if (colon == line_.npos) fail("TOOL:KIND, as in Memcheck:Leak");
    const bool is_leak = line_.substr(colon + 1) == "Leak";
    bool is_of_allocator = false;
    for (need_line(); line_ != "}"; need_line()) {
      if (line_.empty() || line_.starts_with('#') || line_.starts_with("match-leak-kinds:")) continue;
      StackPattern pattern = frame_pattern();
      // Our stacks begin with who called the allocator.
      if (row.frames.empty() && is_allocator(pattern))
        is_of_allocator = true;
      else
        row.frames.push_back(std::move(pattern));
    }
    if (is_of_allocator && row.frames.empty()) row.frames = {{StackPattern::Part::kAnyFrames, ""}};
    if (!is_leak || row.frames.empty()) row.frames = {{StackPattern::Part::kFunction, ""}};
    return row;
  }

  StackPattern frame_pattern() const {
    if (line_ == "...") return {StackPattern::Part::kAnyFrames, ""};
    constexpr std::pair<std::string_view, StackPattern::Part> kParts[] = {{"fun:", StackPattern::Part::kFunction},
                                                                          {"obj:", StackPattern::Part::kModule},
                                                                          {"src:", StackPattern::Part::kSource}};
    for (const auto& [word, part] : kParts)
      if (line_.starts_with(word)) {
        const std::string_view text = line_.substr(word.size());
        return {part, part == StackPattern::Part::kFunction ? without_spaces(demangle(text)) : std::string(text)};
      }
    fail("fun:, obj:, src:, ... or the closing brace");
  }

  std::string_view text_;
  const std::string& file_;
  size_t at_ = 0, number_ = 0;
  std::string_view line_;
};

// Functions are matched with and without their parameters, files by path and by name.
bool function_matches(std::string_view glob, std::string_view function) {
  return matches_glob(glob, function) || matches_glob(glob, function.substr(0, function.find('(')));
}

// valgrind tells linkage names, and of what was inlined the name alone.
bool function_matches_in_stack(std::string_view glob, const std::string& function) {
  std::string title = function_title(function);
  title.resize(title.size() - std::string_view("()").size());
  size_t begin = 0, depth = 0;
  for (size_t i = 0; i + 1 < title.size(); i++) {
    depth += title[i] == '<' || title[i] == '(';
    depth -= depth > 0 && (title[i] == '>' || title[i] == ')');
    if (depth == 0 && title[i] == ':' && title[i + 1] == ':') begin = i + 2;
  }
  return function_matches(glob, without_spaces(function)) || matches_glob(glob, without_spaces(title)) ||
         matches_glob(glob, without_spaces(title.substr(begin)));
}

bool frame_matches(const StackPattern& pattern, const SourceFrame& frame) {
  switch (pattern.part) {
    case StackPattern::Part::kFunction:
      return function_matches_in_stack(pattern.glob, frame.function);
    case StackPattern::Part::kModule:
      return matches_glob(pattern.glob, frame.module);
    case StackPattern::Part::kSource: {
      const std::string_view glob = std::string_view(pattern.glob).substr(0, pattern.glob.rfind(':'));
      return matches_glob(pattern.glob, fmt::format("{}:{}", frame.file, frame.line)) || matches_glob(glob, frame.file);
    }
    case StackPattern::Part::kAnyFrames:
      return false;
  }
  return false;
}

// The patterns match the innermost frames; "..." stands for any number of them. Two rows of the table of all prefixes
// are enough, so that no stack and no list of patterns takes more than their product.
bool stack_matches(const std::vector<StackPattern>& patterns, const std::vector<SourceFrame>& frames) {
  std::vector<uint8_t> row(frames.size() + 1, 0);  // row[i]: the patterns so far match the first i frames
  row[0] = 1;
  for (const StackPattern& pattern : patterns) {
    std::vector<uint8_t> next(frames.size() + 1, 0);
    for (size_t i = 0; i <= frames.size(); i++) {
      if (pattern.part == StackPattern::Part::kAnyFrames) {
        next[i] = row[i] || (i > 0 && next[i - 1]);
      } else {
        next[i] = i > 0 && row[i - 1] && frame_matches(pattern, frames[i - 1]);
      }
    }
    row = std::move(next);
  }
  return std::find(row.begin(), row.end(), 1) != row.end();
}

bool any_type_matches(const Suppression& row, const Heap& heap, const Finding& finding) {
  std::vector<uint8_t> known(heap.types.size(), 0);
  for (const std::vector<ObjectId>& objects : finding.instances)
    for (ObjectId object : objects) {
      uint8_t& seen = known[index(heap.type[index(object)])];
      if (!seen && matches_glob(row.pattern, heap.type_name(object))) return true;
      seen = 1;
    }
  return false;
}

bool any_field_matches(const Suppression& row, const Heap& heap, const Finding& finding) {
  auto step_matches = [&](const PathStep& step) {
    const HeapLabel& label = heap.labels[index(heap.label[step.reference])];
    const std::string_view owner = label.owner == StringId{} ? heap.type_name(step.from) : heap.text(label.owner);
    return matches_glob(row.pattern, fmt::format("{}::{}", owner, heap.text(label.path)));
  };
  return std::any_of(finding.cycle.begin(), finding.cycle.end(), step_matches) ||
         std::any_of(finding.path.begin(), finding.path.end(), step_matches);
}

bool suppresses(const Suppression& row, const Heap& heap, const Finding& finding) {
  switch (row.kind) {
    case Suppression::Kind::kFingerprint:
      return row.pattern == finding.fingerprint;
    case Suppression::Kind::kType:
      return any_type_matches(row, heap, finding);
    case Suppression::Kind::kField:
      return any_field_matches(row, heap, finding);
    case Suppression::Kind::kRule:
      return row.pattern == finding.rule;
    case Suppression::Kind::kFunction:
      return std::any_of(finding.born.begin(), finding.born.end(),
                         [&](const SourceFrame& frame) { return function_matches(row.pattern, frame.function); });
    case Suppression::Kind::kLeak:
      return std::any_of(finding.born.begin(), finding.born.end(), [&](const SourceFrame& frame) {
        return matches_glob(row.pattern, frame.function) || matches_glob(row.pattern, frame.file) ||
               matches_glob(row.pattern, frame.module);
      });
    case Suppression::Kind::kStack:
      return stack_matches(row.frames, finding.born);
  }
  return false;
}

}  // namespace

// Greedy with one place to come back to: the last star. Linear in the product of the lengths at worst.
bool matches_glob(std::string_view glob, std::string_view text) {
  size_t g = 0, t = 0, star = glob.npos, star_text = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_text = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      g++;
      t++;
    } else if (star != glob.npos) {
      g = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') g++;
  return g == glob.size();
}

void Suppressions::read(std::string_view text, const std::string& file) {
  std::vector<Suppression> rows = SuppressionReader(text, file).read();
  rows_.insert(rows_.end(), std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
}

const Suppression* Suppressions::match(const Heap& heap, const Finding& finding, std::string_view today) {
  for (Suppression& row : rows_) {
    if (!row.until.empty() && row.until < today) continue;
    if (!suppresses(row, heap, finding)) continue;
    row.matched++;
    return &row;
  }
  return nullptr;
}

std::vector<std::string> Suppressions::expired(std::string_view today) const {
  std::vector<std::string> lines;
  for (const Suppression& row : rows_)
    if (!row.until.empty() && row.until < today)
      lines.push_back(fmt::format("{}:{}: expired on {}: {}", row.file, row.line, row.until, row.reason));
  return lines;
}

std::vector<Finding> take_suppressed(Suppressions& suppressions, const Heap& heap, std::vector<Finding>& findings,
                                     std::string_view today) {
  std::vector<Finding> kept, taken;
  for (Finding& finding : findings) {
    const Suppression* by = suppressions.match(heap, finding, today);
    if (by != nullptr) finding.suppressed_by = by->reason;
    (by != nullptr ? taken : kept).push_back(std::move(finding));
  }
  findings = std::move(kept);
  return taken;
}

}  // namespace reftally
