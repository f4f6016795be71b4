#include "analyzer/image/type_names.h"

#include "analyzer/image/name_parser.h"

namespace reftally {
namespace {

// Longer names than any compiler prints are damage.
constexpr size_t kMaxName = 1 << 18;

}  // namespace

std::string normal_type_name(std::string_view text) {
  return text.size() > kMaxName ? std::string(text) : NameParser(text, false).run();
}

std::string type_key(std::string_view text) {
  return text.size() > kMaxName ? std::string(text) : NameParser(text, true).run();
}

SplitName split_name(std::string_view name) {
  int level = 0;
  for (size_t i = name.size(); i-- > 1;) {
    const char c = name[i];
    if (c == '>' || c == ')' || c == ']' || c == '}') ++level;
    if (c == '<' || c == '(' || c == '[' || c == '{') --level;
    if (level == 0 && c == ':' && name[i - 1] == ':') return {name.substr(0, i - 1), name.substr(i + 1)};
  }
  return {{}, name};
}

std::string_view template_name(std::string_view name) {
  const std::string_view last = split_name(name).short_name;
  return last.starts_with("operator") ? last : last.substr(0, last.find('<'));
}

std::vector<std::string_view> template_argument_texts(std::string_view name) {
  const std::string_view last = split_name(name).short_name;
  const size_t open = last.find('<');
  std::vector<std::string_view> arguments;
  if (open == std::string_view::npos || last.back() != '>') return arguments;
  const std::string_view list = last.substr(open + 1, last.size() - open - 2);
  int level = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= list.size(); ++i) {
    const char c = i < list.size() ? list[i] : ',';
    if (c == '<' || c == '(' || c == '[' || c == '{') ++level;
    if (c == '>' || c == ')' || c == ']' || c == '}') --level;
    if (c != ',' || (level != 0 && i < list.size())) continue;
    std::string_view argument = list.substr(begin, i - begin);
    while (argument.starts_with(' ')) argument.remove_prefix(1);
    while (argument.ends_with(' ')) argument.remove_suffix(1);
    if (!argument.empty()) arguments.push_back(argument);
    begin = i + 1;
  }
  return arguments;
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace reftally
