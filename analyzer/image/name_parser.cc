#include "analyzer/image/name_parser.h"

#include <algorithm>
#include <vector>

#include "analyzer/image/type_names.h"

namespace reftally {
namespace {

// Nesting deeper than this would cost us the stack.
constexpr int kMaxDepth = 200;

constexpr std::string_view kAnonymous = "(anonymous namespace)";

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

}  // namespace

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

NameParser::Cv NameParser::take_cv() {
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

}  // namespace reftally
