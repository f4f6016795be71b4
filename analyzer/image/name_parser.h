// The parser behind normal_type_name and type_key.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reftally {

inline bool is_identifier(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c < 0;
}
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
  struct Cv {
    bool is_const = false, is_volatile = false;
  };
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

}  // namespace reftally
