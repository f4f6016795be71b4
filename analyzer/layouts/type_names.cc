#include "analyzer/layouts/type_names.h"

#include <array>
#include <utility>

#include "analyzer/base/text.h"

namespace reftally {

namespace {

bool opens(char c) { return c == '<' || c == '(' || c == '[' || c == '{'; }
bool closes(char c) { return c == '>' || c == ')' || c == ']' || c == '}'; }

// "->" and "operator<" and the like would upset the counting of angle brackets.
bool is_bracket(std::string_view text, size_t i) {
  if (text[i] == '>' && i > 0 && text[i - 1] == '-') return false;
  constexpr std::string_view kOperator = "operator";
  size_t start = i;
  while (start > 0 && (text[start - 1] == '<' || text[start - 1] == '>' || text[start - 1] == '=')) --start;
  return !(text[i] == '<' || text[i] == '>') || !text.substr(0, start).ends_with(kOperator);
}

// Index of the bracket that closes the one at `open`, or npos.
size_t closing(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (!is_bracket(text, i)) continue;
    if (opens(text[i])) ++depth;
    if (closes(text[i]) && --depth == 0) return i;
  }
  return std::string_view::npos;
}

// The '<' of the last component's template arguments: "A<B>::C" has none.
size_t arguments_begin(std::string_view name) {
  size_t begin = std::string_view::npos;
  for (size_t i = 0; i < name.size(); ++i) {
    if (!opens(name[i]) || !is_bracket(name, i)) continue;
    const size_t end = closing(name, i);
    if (end == std::string_view::npos) return end;
    if (name[i] == '<') begin = end + 1 == name.size() ? i : std::string_view::npos;
    i = end;
  }
  return begin;
}

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i] == ',' && depth == 0) {
      parts.push_back(trimmed(list.substr(start, i - start)));
      start = i + 1;
    }
    if (!is_bracket(list, i)) continue;
    depth += opens(list[i]) - closes(list[i]);
  }
  if (!trimmed(list.substr(start)).empty()) parts.push_back(trimmed(list.substr(start)));
  return parts;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kInlineNamespaces = {{
    {"std::__cxx11::", "std::"},
    {"std::__1::", "std::"},
    {"std::__debug::", "std::"},
    {"std::_V2::", "std::"},
    {"std::chrono::_V2::", "std::chrono::"},
    {"(anonymous namespace)::", ""},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kAbbreviations = {{
    {"std::basic_string<char>", "std::string"},
    {"std::basic_string<wchar_t>", "std::wstring"},
    {"std::basic_string_view<char>", "std::string_view"},
    {"std::basic_ostream<char>", "std::ostream"},
    {"std::basic_istream<char>", "std::istream"},
    {"std::basic_iostream<char>", "std::iostream"},
    {"std::basic_ostringstream<char>", "std::ostringstream"},
    {"std::basic_stringstream<char>", "std::stringstream"},
}};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Arguments the standard library supplies when the source says nothing.
bool is_default_argument(std::string_view argument) {
  constexpr std::array<std::string_view, 8> kDefaults = {"std::allocator<",
                                                         "std::char_traits<",
                                                         "std::less<",
                                                         "std::hash<",
                                                         "std::equal_to<",
                                                         "std::default_delete<",
                                                         "boost::checked_deleter<",
                                                         "std::pmr::polymorphic_allocator<"};
  for (std::string_view prefix : kDefaults) {
    if (argument.starts_with(prefix)) return true;
  }
  return argument.starts_with("(__gnu_cxx::_Lock_policy)") || argument.starts_with("__gnu_cxx::_S_");
}

std::string readable(std::string_view name);

// The list between the brackets at [open, close], without trailing default arguments of std:: templates.
std::string readable_arguments(std::string_view owner, std::string_view list) {
  std::vector<std::string_view> arguments = split(list);
  const bool is_library = owner.starts_with("std::") || owner.starts_with("boost::");
  while (is_library && arguments.size() > 1 && is_default_argument(arguments.back())) arguments.pop_back();
  std::string text;
  for (std::string_view argument : arguments) {
    if (!text.empty()) text += ", ";
    text += readable(argument);
  }
  return text;
}

std::string readable(std::string_view name) {
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    const size_t end = name[i] == '<' && is_bracket(name, i) ? closing(name, i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      text += name[i];
      continue;
    }
    // Owner: what stands before the bracket since the last separator that ends a component.
    const size_t start = text.find_last_of(" (<,&*");
    const std::string owner = start == std::string::npos ? text : text.substr(start + 1);
    text += '<' + readable_arguments(owner, name.substr(i + 1, end - i - 1)) + '>';
    i = end;
  }
  return text;
}

}  // namespace

std::vector<std::string_view> template_arguments(std::string_view name) {
  name = trimmed(name);
  const size_t begin = arguments_begin(name);
  if (begin == std::string_view::npos) return {};
  return split(name.substr(begin + 1, name.size() - begin - 2));
}

std::string_view without_const(std::string_view name) {
  name = trimmed(name);
  if (name.ends_with(" const")) name.remove_suffix(6);
  return trimmed(name);
}

std::string_view without_pointer(std::string_view name) {
  name = without_const(name);
  if (name.ends_with('*')) name.remove_suffix(1);
  return trimmed(name);
}

std::string readable_type_name(std::string_view demangled) {
  std::string text(trimmed(demangled));
  for (const auto& [from, to] : kInlineNamespaces) replace_all(text, from, to);
  text = readable(text);
  for (const auto& [from, to] : kAbbreviations) replace_all(text, from, to);
  return text;
}

}  // namespace reftally
