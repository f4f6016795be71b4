#include "analyzer/layouts/stated_counts.h"

#include <fmt/format.h>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/image/debug_types.h"

namespace reftally {

struct StatedCounts::KindWord {
  std::string_view word;
  Kind kind;
  std::string_view what;
};

const StatedCounts::KindWord StatedCounts::kKinds[] = {
    {"count ", Kind::kCount, "a class with that integer member"},
    {"pointer ", Kind::kPointer, "a class that holds one pointer to a class"},
    {"member ", Kind::kPlace, "a plain pointer to an object with a count, there"},
};

void StatedCounts::read(std::string_view text, const std::string& file) {
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    number++;
    line = trimmed(line.substr(0, line.find(" #")));
    if (line.empty() || line.starts_with('#')) continue;
    const KindWord* kind = nullptr;
    for (const KindWord& row : kKinds)
      if (line.starts_with(row.word)) kind = &row;
    const std::string where = fmt::format("{}:{}", file, number);
    if (!kind) throw Error(where + ": expected `count CLASS::MEMBER`, `pointer CLASS` or `member PLACE`");
    const std::string_view name = trimmed(line.substr(kind->word.size()));
    const size_t split = name.rfind("::");
    const bool whole = split != 0 && split != name.npos && split + 2 < name.size();
    if (name.empty() || (kind->kind == Kind::kCount && !whole))
      throw Error(fmt::format("{}: expected {} after `{}`", where,
                              kind->kind == Kind::kCount ? "CLASS::MEMBER" : "a name", trimmed(kind->word)));
    rows_.push_back({kind->kind, std::string(name), where});
  }
}

bool StatedCounts::matches(Kind kind, std::string_view name) const {
  bool any = false;
  for (const Row& row : rows_) {
    if (row.kind != kind || row.name != name) continue;
    row.matched = any = true;
  }
  return any;
}

bool StatedCounts::is_pointer(const Type& type) const {
  if (rows_.empty()) return false;
  const std::string name(type.template_name());
  return matches(Kind::kPointer, type.name) ||
         matches(Kind::kPointer, type.scope.empty() ? name : type.scope + "::" + name);
}

bool StatedCounts::is_place(std::string_view place) const { return matches(Kind::kPlace, place); }

bool StatedCounts::is_count(std::string_view owner, std::string_view member) const {
  return !rows_.empty() && matches(Kind::kCount, fmt::format("{}::{}", owner, member));
}

std::vector<std::string> StatedCounts::unmatched() const {
  std::vector<std::string> lines;
  for (const Row& row : rows_)
    if (!row.matched)
      for (const KindWord& kind : kKinds)
        if (kind.kind == row.kind)
          lines.push_back(fmt::format("{}: nothing matches {}: expected {}", row.where, row.name, kind.what));
  return lines;
}

}  // namespace reftally
