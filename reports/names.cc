#include "reports/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/base/source_frame.h"
#include "analyzer/layouts/type_names.h"
#include "reports/escape.h"

namespace reftally {
namespace {

constexpr size_t kReadWhole = 4096;  // longer names are cut before anything looks at their structure

constexpr char kElided = '\x01';  // stands for "<…>" while a name is being made to fit

// Where template arguments begin that are never closed, as in a name that was cut; npos when all are.
size_t unclosed_arguments(std::string_view name) {
  size_t open = std::string_view::npos;
  int depth = 0;
  for (size_t i = 0; i < name.size(); i++) {
    if (name[i] == '<' && depth++ == 0) open = i;
    if (name[i] == '>' && depth > 0) depth--;
  }
  return depth > 0 ? open : std::string_view::npos;
}

// The innermost template arguments go first, from the right: what is left says most about the type.
std::string fit(std::string name, size_t most) {
  if (const size_t open = unclosed_arguments(name); open != std::string::npos && name.ends_with("…"))
    name.replace(open, std::string::npos, 1, kElided);
  while (display_width(name) > most) {
    const size_t open = name.rfind('<');
    const size_t close = open == std::string::npos ? open : name.find('>', open);
    if (close == std::string::npos) break;
    name.replace(open, close - open + 1, 1, kElided);
  }
  for (size_t at = 0; (at = name.find(kElided, at)) != std::string::npos; at += 3) name.replace(at, 1, "<…>");
  return cut(name, 2 * most);
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Index behind the bracket that closes the one at `open`; the end of the name when there is none.
size_t behind_bracket(std::string_view name, size_t open) {
  const char up = name[open], down = up == '(' ? ')' : '>';
  int depth = 0;
  for (size_t i = open; i < name.size(); i++) {
    depth += name[i] == up;
    if (name[i] == down && --depth == 0) return i + 1;
  }
  return name.size();
}

// "call() &&", "inc_ref() const &"
size_t behind_qualifiers(std::string_view name, size_t at) {
  for (const std::string_view qualifier : {" const", " volatile", " &&", " &"})
    if (name.substr(at).starts_with(qualifier)) at += qualifier.size();
  return at;
}

// "operator<<", "operator()", "operator new": the symbol belongs to the name.
size_t operator_length(std::string_view name) {
  constexpr std::string_view kOperator = "operator";
  if (!name.starts_with(kOperator)) return 0;
  size_t end = kOperator.size();
  if (end < name.size() && is_word(name[end])) return 0;
  if (name.substr(end).starts_with("()")) return end + 2;
  if (name.substr(end).starts_with(" new") || name.substr(end).starts_with(" delete")) {
    end = name.find_first_of("([", end);
    return end == std::string_view::npos ? name.size() : end;
  }
  while (end < name.size() && std::string_view("<>=!+-*/%&|^~[],").find(name[end]) != std::string_view::npos) end++;
  return end;
}

}  // namespace

std::string short_type(std::string_view name, size_t most) {
  const std::string whole = printable(cut(name, kReadWhole));
  return fit(readable_type_name(whole), most);
}

std::string short_function(std::string_view name) {
  // "read(int) [clone .part.0]", as the compiler split it
  const std::string whole = printable(cut(name.substr(0, name.find(" [clone ")), kReadWhole));
  std::string result;
  int braces = 0;  // "{unnamed type#1}"
  for (size_t i = 0; i < whole.size();) {
    braces += whole[i] == '{' ? 1 : whole[i] == '}' ? -1 : 0;
    const std::string_view rest = std::string_view(whole).substr(i);
    const bool word_begins = i == 0 || !is_word(whole[i - 1]);
    if (const size_t length = word_begins ? operator_length(rest) : 0; length != 0) {
      result += rest.substr(0, length);
      i += length;
    } else if (rest.starts_with("[abi:")) {
      i = std::min(whole.find(']', i), whole.size() - 1) + 1;
    } else if (rest.starts_with("(anonymous namespace)::")) {
      i += std::string_view("(anonymous namespace)::").size();
    } else if (whole[i] == '(' || whole[i] == '<') {
      i = behind_qualifiers(whole, behind_bracket(whole, i));
    } else if (whole[i] == ' ' && braces == 0 && result.find("operator") == std::string::npos &&
               !std::string_view(whole).substr(i).starts_with(" + 0x")) {
      result.clear();  // what stood before was the return type
      i++;
    } else {
      result += whole[i++];
    }
  }
  constexpr std::string_view kCall = "::operator()";
  if (result.ends_with(kCall) && result.find("{lambda") != std::string::npos)
    result.resize(result.size() - kCall.size());
  return cut(result.empty() ? whole : result, 120);
}

std::string bytes_text(uint64_t bytes) {
  static constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kUnits.size(); unit++) value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string percent_text(uint64_t part, uint64_t whole) {
  if (whole == 0) return "100.00 %";
  const uint64_t hundredths = part * 10'000 / whole;
  return fmt::format("{}.{:02} %", hundredths / 100, hundredths % 100);
}

std::string count_text(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string plural(uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string action_text(const ReportAdvice& advice) {
  return advice.location.empty() ? advice.action : fmt::format("{} ({})", advice.action, base_name(advice.location));
}

std::string left_out_text(const Report& report, size_t top) {
  const size_t all = report.findings.size();
  return fmt::format("… {}, none worse; see them with --top {}", plural(all - top, "more finding"), all);
}

bool is_library_frame(const ReportFrame& frame) {
  const std::string function = short_function(frame.function);  // a return type of std:: does not count
  for (std::string_view start : {"std::", "__gnu_cxx::", "boost::", "operator new", "__libc_", "_start", "reftally_",
                                 "__reftally::", "gst_mini_object_"})
    if (function.starts_with(start)) return true;
  // gst_buffer_ref() and the like are in the program itself, by their header.
  for (std::string_view end : {"_ref", "_unref", "_replace", "_take"})
    if (function.starts_with("gst_") && function.ends_with(end)) return true;
  const std::string module = base_name(frame.module);
  for (std::string_view start :
       {"libstdc++", "libreftally", "libc.so", "libc++", "libgcc_s", "ld-linux", "libglib-2.0.so", "libgobject-2.0.so"})
    if (module.starts_with(start)) return true;
  return frame.file.find("/include/c++/") != std::string::npos;
}

std::string place_text(const ReportFrame& frame) {
  if (!frame.file.empty()) return fmt::format("{}:{}", base_name(frame.file), frame.line);
  return frame.function == kUnknownCode ? "code since unloaded, or made at run time" : base_name(frame.module);
}

std::string frame_text(const ReportFrame& frame) {
  const std::string function = short_function(frame.function), place = place_text(frame);
  return place.empty() || function.starts_with(place) ? function : function + " " + place;
}

std::string base_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

size_t display_width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace reftally
