#include "reports/names.h"

#include <fmt/format.h>

#include <array>
#include <vector>

namespace reftally {
namespace {

// Splits "a, b<c, d>, e" at the commas of its own level.
std::vector<std::string_view> split_arguments(std::string_view text) {
  std::vector<std::string_view> arguments;
  size_t depth = 0, begin = 0;
  for (size_t i = 0; i <= text.size(); i++) {
    const char c = i < text.size() ? text[i] : ',';
    if (c == '<' || c == '(' || c == '[' || c == '{') depth++;
    if ((c == '>' || c == ')' || c == ']' || c == '}') && depth > 0) depth--;
    if (c != ',' || (depth != 0 && i < text.size())) continue;
    std::string_view argument = text.substr(begin, i - begin);
    while (!argument.empty() && argument.front() == ' ') argument.remove_prefix(1);
    while (!argument.empty() && argument.back() == ' ') argument.remove_suffix(1);
    arguments.push_back(argument);
    begin = i + 1;
  }
  return arguments;
}

bool is_default_argument(std::string_view argument) {
  for (std::string_view start :
       {"std::allocator<", "std::default_delete<", "std::less<", "std::equal_to<", "std::hash<", "std::char_traits<"})
    if (argument.starts_with(start)) return true;
  return false;
}

size_t matching(std::string_view text, size_t open) {
  size_t depth = 0;
  for (size_t i = open; i < text.size(); i++) {
    if (text[i] == '<') depth++;
    if (text[i] == '>' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// `depth` bounds the recursion for names like 10,000 nested templates.
std::string simplify(std::string_view name, int depth) {
  const size_t open = name.find('<');
  const size_t close = open == std::string_view::npos ? open : matching(name, open);
  if (close == std::string_view::npos || depth == 0 || name.find("operator") != std::string_view::npos)
    return std::string(name);
  std::string result(name.substr(0, open));
  std::string arguments;
  for (std::string_view argument : split_arguments(name.substr(open + 1, close - open - 1))) {
    if (!arguments.empty() && is_default_argument(argument)) continue;
    if (!arguments.empty()) arguments += ", ";
    arguments += simplify(argument, depth - 1);
  }
  if (result == "std::basic_string" && arguments == "char")
    return "std::string" + simplify(name.substr(close + 1), depth - 1);
  return result + "<" + arguments + ">" + simplify(name.substr(close + 1), depth - 1);
}

// Cuts the innermost-last template arguments until the name fits.
std::string fit(std::string name, size_t most) {
  while (name.size() > most) {
    const size_t open = name.rfind('<');
    const size_t close = open == std::string::npos ? open : name.find('>', open);
    if (close == std::string::npos || name.substr(open, close - open) == "<…") break;
    name.replace(open, close - open + 1, "‹…›");
  }
  if (name.size() > 4 * most) name = name.substr(0, 4 * most) + "…";
  return name;
}

size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = lead < 0x80                   ? 1
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; i++)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  return length;
}

}  // namespace

std::string short_type(std::string_view name, size_t most) {
  std::string text(name);
  replace_all(text, "std::__cxx11::", "std::");
  replace_all(text, "std::__1::", "std::");
  return fit(simplify(text, 12), most);
}

std::string printable(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text.substr(i));
    const auto c = static_cast<unsigned char>(text[i]);
    const bool control = length == 1 && (c < 0x20 || c == 0x7f);
    const bool c1_control = length == 2 && c == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (length == 0 || control || c1_control) {
      result += fmt::format("\\x{:02x}", c);
      i += c1_control ? 2 : 1;
      continue;
    }
    result.append(text.substr(i, length));
    i += length;
  }
  return result;
}

std::string escape_html(std::string_view text) {
  std::string result;
  for (char c : printable(text)) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string escape_dot(std::string_view text) {
  std::string result;
  for (char c : printable(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string bytes_text(uint64_t bytes) {
  static constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kUnits.size(); unit++) value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string count_text(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string plural(uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

bool is_library_frame(const SourceFrame& frame) {
  for (std::string_view start : {"std::", "__gnu_cxx::", "void std::", "operator new", "boost::", "__libc", "malloc",
                                 "calloc", "realloc", "_start", "bool std::", "__"})
    if (frame.function.starts_with(start)) return true;
  for (std::string_view module : {"libstdc++", "libreftally", "libc.so", "libc++", "libgcc_s", "ld-linux"})
    if (base_name(frame.module).starts_with(module)) return true;
  return frame.file.find("/include/c++/") != std::string::npos;
}

std::string frame_text(const SourceFrame& frame) {
  std::string function = frame.function;
  if (const size_t parameters = function.find('(');
      parameters != std::string::npos && parameters > 0 && function[0] != '(')
    function = function.substr(0, parameters);
  std::string text = short_type(function);
  if (!frame.file.empty()) text += fmt::format(" {}:{}", base_name(frame.file), frame.line);
  return text;
}

std::string member_text(std::string_view owner, std::string_view path, bool dotted) {
  const char* separator = path.starts_with("offset ") ? " " : "::";
  if (dotted) {
    const bool has_own = path.starts_with('[') || path.starts_with('{');
    separator = has_own ? "" : path.find(' ') != std::string_view::npos ? ", " : ".";
  }
  return fmt::format("{}{}{}", owner, separator, path.empty() ? "?" : path);
}

std::string base_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace reftally
