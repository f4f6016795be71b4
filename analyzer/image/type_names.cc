#include "analyzer/image/type_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace reftally {

namespace {

// Longer names than any compiler prints are damage; nesting deeper than this would cost us the stack.
constexpr size_t kMaxName = 1 << 18;
constexpr int kMaxDepth = 200;

constexpr std::string_view kAnonymous = "(anonymous namespace)";

bool is_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c < 0;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Cv {
  bool is_const = false, is_volatile = false;
};

// The words of a builtin type, in whatever order.
struct Builtin {
  int longs = 0;
  bool is_unsigned = false, is_signed = false, is_short = false, is_int = false;
  std::string_view base;

  bool add(std::string_view word) {
    if (word == "long") return ++longs, true;
    if (word == "unsigned") return is_unsigned = true;
    if (word == "signed") return is_signed = true;
    if (word == "short") return is_short = true;
    if (word == "int") return is_int = true;
    if (word == "char" || word == "double" || word == "__int128") return base = word, true;
    return false;
  }
  std::string text() const {
    std::string result;
    if (is_unsigned) result = "unsigned ";
    if (is_signed && base == "char") result = "signed ";
    if (is_short) return result + "short";
    if (base == "double" && longs) return "long double";
    if (!base.empty()) return result += base;
    if (longs) return result + (longs > 1 ? "long long" : "long");
    return result + "int";
  }
};

constexpr std::string_view kIntegers[] = {
    "bool",     "char",          "signed char", "unsigned char",      "wchar_t",  "char8_t",
    "char16_t", "char32_t",      "short",       "unsigned short",     "int",      "unsigned int",
    "long",     "unsigned long", "long long",   "unsigned long long", "__int128", "unsigned __int128"};

struct Alias {
  std::string_view name, full;
};
// The demangler abbreviates these; `std::nullptr_t` is what compilers call decltype(nullptr) in DWARF.
constexpr Alias kAliases[] = {
    {"std::string", "std::basic_string<char, std::char_traits<char>, std::allocator<char>>"},
    {"std::istream", "std::basic_istream<char, std::char_traits<char>>"},
    {"std::ostream", "std::basic_ostream<char, std::char_traits<char>>"},
    {"std::iostream", "std::basic_iostream<char, std::char_traits<char>>"},
    {"std::nullptr_t", "decltype(nullptr)"},
};

// A recursive descent over one name that appends its normal form to `out`. Never fails: what it does not
// understand it copies.
class NameParser {
 public:
  NameParser(std::string_view text, bool for_key, int depth = 0) : text_(text), for_key_(for_key), depth_(depth) {}

  std::string run() {
    while (!at_end()) {
      parse_type();
      if (!at_end()) out_ += text_[position_++];
    }
    return std::move(out_);
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  bool starts(std::string_view word) const { return text_.substr(position_).starts_with(word); }
  void skip_space() {
    while (peek() == ' ') ++position_;
  }
  bool take(std::string_view word) {
    if (!starts(word)) return false;
    position_ += word.size();
    return true;
  }
  std::string_view peek_word() const {
    size_t end = position_;
    while (end < text_.size() && is_identifier(text_[end])) ++end;
    return text_.substr(position_, end - position_);
  }
  bool take_word(std::string_view word) {
    if (peek_word() != word) return false;
    position_ += word.size();
    skip_space();
    return true;
  }
  // Position after the bracket that closes the one at `open`. Angle brackets do not count inside round ones.
  size_t matching(size_t open) const;

  void parse_type();
  Cv take_cv();
  void put_cv(Cv cv) {
    out_ += cv.is_const ? cv.is_volatile ? " const volatile" : " const" : cv.is_volatile ? " volatile" : "";
  }
  void parse_specifier();
  void parse_path();
  bool parse_component();
  bool parse_special_component();
  void parse_operator();
  void parse_template_arguments();
  void parse_function_scope();
  void skip_annotations();
  void parse_declarator();
  bool parse_declarator_part();
  void parse_group_or_parameters();
  void parse_types_until(char close);

  bool at_value() const;
  void parse_value();
  void parse_cast();
  void parse_number();
  void parse_character(bool is_unsigned);
  void parse_address();

  std::string nested(std::string_view text) const { return NameParser(text, for_key_, depth_ + 1).run(); }

  std::string_view text_;
  bool for_key_;
  int depth_;
  size_t position_ = 0;
  std::string out_;
};

size_t NameParser::matching(size_t open) const {
  const char opener = text_[open];
  const char closer = opener == '(' ? ')' : opener == '[' ? ']' : opener == '{' ? '}' : '>';
  int level = 0;
  for (size_t i = open; i < text_.size(); ++i) {
    const char c = text_[i];
    if (opener == '<' && c == '(') {
      i = matching(i) - 1;
      continue;
    }
    if (c == '>' && i > 0 && text_[i - 1] == '-') continue;  // "->" in an expression
    if (c == opener) ++level;
    if (c == closer && --level == 0) return i + 1;
  }
  return text_.size();
}

Cv NameParser::take_cv() {
  Cv cv;
  while (true) {
    skip_space();
    const std::string_view word = peek_word();
    if (word == "const") {
      cv.is_const = true;
    } else if (word == "volatile") {
      cv.is_volatile = true;
    } else if (word != "struct" && word != "class" && word != "union" && word != "enum" && word != "typename" &&
               word != "__restrict") {
      return cv;
    }
    position_ += word.size();
  }
}

void NameParser::parse_type() {
  skip_space();
  if (depth_ > kMaxDepth) {
    out_ += text_.substr(position_);
    position_ = text_.size();
    return;
  }
  ++depth_;
  if (at_value()) {
    parse_value();
  } else {
    Cv cv = take_cv();
    parse_specifier();
    const Cv after = take_cv();
    put_cv({cv.is_const || after.is_const, cv.is_volatile || after.is_volatile});
    parse_declarator();
  }
  --depth_;
}

void NameParser::parse_specifier() {
  Builtin builtin;
  bool is_builtin = false;
  while (builtin.add(peek_word())) {
    is_builtin = true;
    position_ += peek_word().size();
    skip_space();
  }
  if (is_builtin) {
    out_ += builtin.text();
  } else {
    parse_path();
  }
}

void NameParser::parse_path() {
  const size_t begin = out_.size();
  take("::");
  while (parse_component()) {
    if (!starts("::") || starts("::*")) break;
    position_ += 2;
    out_ += "::";
  }
  const std::string_view path = std::string_view(out_).substr(begin);
  for (const Alias& alias : kAliases) {
    if (path == alias.name) {
      out_.replace(begin, std::string::npos, alias.full);
      break;
    }
  }
}

bool NameParser::parse_component() {
  if (!parse_special_component()) {
    const std::string_view word = peek_word();
    if (word.empty()) return false;
    if (word == "operator") {
      parse_operator();
    } else if (word == "decltype") {
      const size_t end = matching(std::min(position_ + word.size(), text_.size() - 1));
      out_ += text_.substr(position_, end - position_);
      position_ = end;
    } else if (word == "_GLOBAL__N_1") {
      position_ += word.size();
      out_ += kAnonymous;
    } else {
      position_ += word.size();
      out_ += word;
    }
  }
  skip_annotations();
  if (peek() == '<' && !starts("<lambda") && !starts("<unnamed")) parse_template_arguments();
  skip_annotations();
  parse_function_scope();
  return true;
}

bool NameParser::parse_special_component() {
  if (take(kAnonymous) || take("{anonymous}") || take("<unnamed>")) {
    out_ += kAnonymous;
    return true;
  }
  const bool bracketed = starts("<lambda") || starts("<unnamed") || starts("{") || starts("(lambda at ") ||
                         starts("(anonymous ") || starts("(unnamed ") || starts("'lambda");
  if (!bracketed) return false;
  const size_t end = peek() == '\'' ? text_.find('\'', position_ + 1) + 1 : matching(position_);
  const std::string_view whole = text_.substr(position_, end - position_);
  position_ = end ? end : text_.size();
  if (whole.starts_with("(lambda at ")) {
    out_ += for_key_ ? std::string(whole)
                     : "[lambda " + std::string(base_name(whole.substr(11, whole.rfind(':') - 11))) + "]";
  } else if (for_key_ && (whole.starts_with("<lambda") || whole.starts_with("{lambda"))) {
    out_ += "{lambda}";
  } else {
    out_ += whole;
  }
  return true;
}

void NameParser::parse_operator() {
  take("operator");
  out_ += "operator";
  if (take("()")) {
    out_ += "()";
    return;
  }
  // A symbol, or a conversion: up to the parameters.
  while (!at_end() && peek() != '(' && peek() != ',') out_ += text_[position_++];
}

void NameParser::skip_annotations() {
  while (starts("[abi:") || starts(" [with ") || starts(" [clone ")) {
    position_ = matching(text_.find('[', position_));
  }
}

void NameParser::parse_template_arguments() {
  ++position_;
  out_ += '<';
  parse_types_until('>');
  out_ += '>';
}

void NameParser::parse_types_until(char close) {
  bool first = true;
  while (true) {
    skip_space();
    if (at_end()) return;
    if (peek() == close) {
      ++position_;
      return;
    }
    if (!first) out_ += ", ";
    first = false;
    const size_t before = position_;
    parse_type();
    skip_space();
    if (peek() == ',') {
      ++position_;
    } else if (peek() != close && !at_end()) {
      out_ += text_[position_++];  // something of an expression: copy
      first = true;
    }
    if (position_ == before) ++position_;
  }
}

// "f(int) const::" before a local type.
void NameParser::parse_function_scope() {
  if (peek() != '(') return;
  size_t end = matching(position_);
  for (std::string_view word : {" const", " volatile", " &", "&", "&"}) {
    if (text_.substr(end).starts_with(word)) end += word.size();
  }
  if (text_.substr(end).starts_with(" [with ")) end = matching(end + 1);
  if (!text_.substr(end).starts_with("::") || text_.substr(end).starts_with("::*")) return;
  if (!for_key_) {
    ++position_;
    out_ += '(';
    parse_types_until(')');
    out_ += ')';
  }
  position_ = end;
}

void NameParser::parse_declarator() {
  while (parse_declarator_part()) {
  }
}

bool NameParser::parse_declarator_part() {
  skip_space();
  const char c = peek();
  if (c == '*' || c == '&') {
    out_ += c;
    ++position_;
    return true;
  }
  if (c == '[') {
    const size_t end = matching(position_);
    if (out_.empty() || out_.back() != ']') out_ += ' ';
    const std::string_view count = text_.substr(position_ + 1, end - position_ - 2);
    out_ += '[';
    out_ += count.substr(0, count.find_last_of("0123456789") + 1);
    out_ += ']';
    position_ = end;
    return true;
  }
  if (c == '(') {
    parse_group_or_parameters();
    return true;
  }
  if (take("...")) {
    out_ += "...";
    return true;
  }
  const std::string_view word = peek_word();
  if (word.empty() && !starts("(anonymous")) return false;
  if (word == "__restrict") return take(word);
  if (word == "const" || word == "volatile" || word == "noexcept") {
    position_ += word.size();
    out_ += ' ';
    out_ += word;
    return true;
  }
  out_ += ' ';
  parse_path();
  if (take("::*")) out_ += "::*";
  return true;
}

// "(*)", "(Class::*)" are groups; anything else in round brackets is a list of parameters.
void NameParser::parse_group_or_parameters() {
  const size_t end = matching(position_);
  const std::string_view inside = text_.substr(position_ + 1, end - position_ - 2);
  const size_t first = inside.find_first_not_of(' ');
  const size_t member = inside.find("::*");
  const bool is_group =
      first != std::string_view::npos && (inside[first] == '*' || inside[first] == '&' ||
                                          (member != std::string_view::npos && inside.find(',') > member &&
                                           inside.substr(0, member).find(' ') == std::string_view::npos));
  if (out_.empty() || out_.back() != ')') out_ += ' ';
  out_ += '(';
  ++position_;
  if (is_group) {
    if (inside[first] != '*' && inside[first] != '&') {
      parse_path();
      if (take("::*")) out_ += "::*";
    }
    parse_declarator();
    position_ = end;
  } else {
    parse_types_until(')');
  }
  out_ += ')';
}

bool NameParser::at_value() const {
  const char c = peek();
  if (is_digit(c) || c == '-' || c == '&' || c == '\'') return !starts("'lambda");
  if (c == '(') return !starts("(anonymous ") && !starts("(lambda at ") && !starts("(unnamed ");
  const std::string_view word = peek_word();
  const bool prefix = word == "u8" || word == "u" || word == "U" || word == "L";
  return prefix && text_.substr(position_ + word.size()).starts_with("'");
}

void NameParser::parse_value() {
  switch (peek()) {
    case '(':
      return parse_cast();
    case '&':
      return parse_address();
    case '-':
      return parse_number();
    default:
      return is_digit(peek()) ? parse_number() : parse_character(false);
  }
}

// "(Colour)3", "(unsigned char)7", g++'s "(& object)".
void NameParser::parse_cast() {
  const size_t end = matching(position_);
  const std::string_view inside = text_.substr(position_ + 1, end - position_ - 2);
  if (inside.starts_with("&")) {
    ++position_;
    parse_address();
    position_ = end;
    return;
  }
  const std::string type = nested(inside);
  position_ = end;
  skip_space();
  if (std::find(std::begin(kIntegers), std::end(kIntegers), type) == std::end(kIntegers)) out_ += "(" + type + ")";
  if (peek() == '\'') return parse_character(type.starts_with("unsigned"));
  if (is_digit(peek()) || peek() == '-') parse_number();
}

void NameParser::parse_number() {
  if (take("-")) out_ += '-';
  size_t end = position_;
  while (end < text_.size() && (is_identifier(text_[end]) || text_[end] == '.')) ++end;
  std::string_view number = text_.substr(position_, end - position_);
  position_ = end;
  const bool integral = number.find('.') == std::string_view::npos;
  while (integral && !number.empty() && std::string_view("uUlL").find(number.back()) != std::string_view::npos) {
    number.remove_suffix(1);
  }
  out_ += number;
}

// 'x' as a number; compilers differ in which characters they print as themselves.
void NameParser::parse_character(bool is_unsigned) {
  bool is_char = peek() == '\'';
  while (peek() != '\'') ++position_;
  size_t i = position_ + 1;
  int64_t value = 0;
  if (i < text_.size() && text_[i] == '\\' && i + 1 < text_.size()) {
    const char escape = text_[++i];
    constexpr std::string_view kNames = "abtnvfre", kCodes = "\a\b\t\n\v\f\r\x1b";
    if (const size_t named = kNames.find(escape); named != std::string_view::npos) {
      value = kCodes[named];
    } else if (escape == 'x' || escape == 'u' || escape == 'U') {
      std::from_chars(text_.data() + i + 1, text_.data() + text_.size(), value, 16);
    } else if (is_digit(escape)) {
      std::from_chars(text_.data() + i, text_.data() + text_.size(), value, 8);
    } else {
      value = escape;
    }
    ++i;
  } else if (i < text_.size()) {
    value = static_cast<unsigned char>(text_[i++]);
  }
  if (is_char && !is_unsigned && value > 127) value = static_cast<signed char>(value);
  const size_t close = text_.find('\'', i);
  position_ = close == std::string_view::npos ? text_.size() : close + 1;
  out_ += std::to_string(value);
}

// "&x", "&(f(int))": the name of the object or function alone, for g++'s DWARF has no more for functions.
void NameParser::parse_address() {
  take("&");
  skip_space();
  if (peek() == '(') {
    const size_t end = matching(position_);
    ++position_;
    parse_path();
    position_ = end;
  } else {
    parse_path();
  }
}

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
