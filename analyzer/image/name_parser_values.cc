// Template arguments that are values: numbers, characters, enumerators, addresses.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>

#include "analyzer/image/name_parser.h"

namespace reftally {
namespace {

constexpr std::string_view kIntegers[] = {
    "bool",     "char",          "signed char", "unsigned char",      "wchar_t",  "char8_t",
    "char16_t", "char32_t",      "short",       "unsigned short",     "int",      "unsigned int",
    "long",     "unsigned long", "long long",   "unsigned long long", "__int128", "unsigned __int128"};

}  // namespace

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

}  // namespace reftally
