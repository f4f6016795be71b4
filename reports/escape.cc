#include "reports/escape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace reftally {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

struct CodePoint {
  uint32_t value = 0;
  size_t length = 0;  // bytes; 0: not UTF-8
};

// Shortest forms only, no surrogates, nothing above U+10FFFF: as the Unicode standard's table 3-7 has it.
CodePoint decode(std::string_view text) {
  static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc0 || lead >= 0xf8 || length > text.size()) return {};
  uint32_t value = lead & (0xff >> (length + 1));
  for (size_t i = 1; i < length; i++) {
    if (!is_continuation(text[i])) return {};
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  }
  if (value < kLeast[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {};
  return {value, length};
}

// Controls drive terminals; the others hide text or turn it round ("Trojan Source", CVE-2021-42574).
bool is_unseen(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c < 0x2010) || (c >= 0x2028 && c < 0x202f) ||
         (c >= 0x2060 && c < 0x2070) || c == 0xfeff || (c >= 0xfff0 && c < 0xfffc) || (c >= 0xe0000 && c < 0xe1000);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const CodePoint at = decode(text.substr(i));
    if (at.length == 0)
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
    else if (is_unseen(at.value))
      result += at.value < 0x100 ? fmt::format("\\x{:02x}", at.value) : fmt::format("\\u{:04x}", at.value);
    else
      result.append(text.substr(i, at.length));
    i += std::max<size_t>(1, at.length);
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

std::string escape_html_lines(std::string_view text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    result += escape_html(text.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return result;
}

// Graphviz reads entities in labels, also in those that are not HTML.
std::string escape_dot(std::string_view text) {
  std::string result;
  for (char c : printable(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
    if (c == '&') result += "amp;";
  }
  return result;
}

std::string escape_markdown(std::string_view text) {
  std::string result;
  for (char c : printable(text)) {
    if (std::string_view("\\`*_{}[]<>#|~&@!").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

// Between backticks nothing is special, but a backtick would end them, and a bar the cell of a table.
std::string markdown_code(std::string_view text) {
  std::string inner = printable(text);
  std::replace(inner.begin(), inner.end(), '`', '\'');
  for (size_t at = 0; (at = inner.find('|', at)) != std::string::npos; at += 2) inner.insert(at, 1, '\\');
  return inner.empty() ? inner : "`" + inner + "`";
}

std::string cut(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  while (most > 0 && is_continuation(text[most])) most--;
  return std::string(text.substr(0, most)) + "…";
}

}  // namespace reftally
