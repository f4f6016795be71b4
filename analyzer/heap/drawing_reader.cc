#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "analyzer/base/error.h"
#include "analyzer/base/text.h"
#include "analyzer/heap/drawing.h"
#include "analyzer/heap/drawing_words.h"

namespace reftally {
namespace {

bool is_id_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Characters with a place; every failure points at the place.
class DrawingCursor {
 public:
  explicit DrawingCursor(std::string_view text) : text_(text) {}

  size_t place() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void back_to(size_t place) { at_ = place; }

  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token, const char* what) {
    if (!take(token)) fail(what);
  }
  void skip_spaces() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\r') ++at_;
    if (peek() == '#') at_ = std::min(text_.find('\n', at_), text_.size());
  }
  void skip_separators() {
    for (skip_spaces(); peek() == ';' || peek() == '\n'; skip_spaces()) ++at_;
  }
  std::string_view id() {
    const size_t begin = at_;
    while (is_id_char(peek())) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  uint64_t number(const char* what) {
    const bool hex = take("0x");
    uint64_t value = 0;
    const char* begin = text_.data() + at_;
    auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value, hex ? 16 : 10);
    if (error != std::errc{}) fail(what);
    at_ += static_cast<size_t>(end - begin);
    return value;
  }
  // Up to one of `stops` or the closing bracket of the text around it, on this line; nested brackets belong to the
  // text.
  std::string_view bare_text(char closing, std::string_view stops) {
    const size_t begin = at_;
    int depth = 0;
    const char opening = closing == ')' ? '(' : '[';
    for (; !at_end() && peek() != '\n'; ++at_) {
      const char c = peek();
      if (depth == 0 && (c == closing || stops.find(c) != stops.npos)) break;
      depth += c == opening ? 1 : c == closing ? -1 : 0;
    }
    return text_.substr(begin, at_ - begin);
  }
  std::string quoted() {
    std::string result;
    expect("\"", "expected a text in quotes");
    for (; peek() != '"'; ++at_) {
      if (at_end() || peek() == '\n') fail("expected the closing quote of this text");
      const bool is_escaped = take("\\");
      result += is_escaped && peek() == 'n' ? '\n' : peek();
    }
    ++at_;
    return result;
  }

  [[noreturn]] void fail(const std::string& message) const { fail_at(at_, message); }
  [[noreturn]] void fail_at(size_t place, const std::string& message) const {
    const size_t line_begin = place == 0 ? 0 : text_.rfind('\n', place - 1) + 1;
    const size_t line_end = std::min(text_.find('\n', place), text_.size());
    const auto line_number = std::count(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(line_begin), '\n') + 1;
    throw Error(fmt::format("drawing:{}:{}: {}\n  {}\n  {}^", line_number, place - line_begin + 1, message,
                            text_.substr(line_begin, line_end - line_begin), std::string(place - line_begin, ' ')));
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

template <class Value, size_t N>
std::optional<Value> take_word(DrawingCursor& in, const DrawingWord<Value> (&words)[N]) {
  for (const auto& [word, value] : words)
    if (in.take(word)) return value;
  return std::nullopt;
}

template <class Value, size_t N>
std::optional<Value> find_word(std::string_view word, const DrawingWord<Value> (&words)[N]) {
  for (const auto& row : words)
    if (row.word == word) return row.value;
  return std::nullopt;
}

class DrawingReader {
 public:
  explicit DrawingReader(std::string_view text) : in_(text) {}

  DrawnHeap read() {
    for (in_.skip_separators(); !in_.at_end(); in_.skip_separators()) {
      statement();
      in_.skip_spaces();
      if (!in_.at_end() && in_.peek() != ';' && in_.peek() != '\n') in_.fail("expected an arrow, ';' or a new line");
    }
    settle_counts();
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < builder_.object_count(); ++i) bytes += builder_.object(ObjectId{i}).size;
    if (!has_totals_) builder_.set_block_totals(builder_.object_count(), bytes);
    return {std::move(builder_).build(), std::move(names_)};
  }

 private:
  struct Arrow {
    ReferenceKind kind;
    Certainty certainty;
    LabelId label{};
    uint32_t element = kNoElement;
  };
  struct Given {  // what the drawing said of an object, so that it says it once
    bool type = false, size = false, count = false;
    bool may_be_counted = false;  // something points there as to a counted object
    int64_t paying = 0;
  };

  void statement() {
    const size_t begin = in_.place();
    const std::string_view word = in_.id();
    in_.skip_spaces();
    if (auto kind = find_word(word, kRootWords); kind && (is_id_char(in_.peek()) || in_.peek() == '"'))
      return root(*kind);
    if (word == "type" && (is_id_char(in_.peek()) || in_.peek() == '"')) return type();
    if (word == "totals" && is_id_char(in_.peek())) return totals();
    in_.back_to(begin);
    chain(object());
  }

  void chain(ObjectId from) {
    while (std::optional<Arrow> arrow = take_arrow()) from = reference(from, *arrow);
  }

  void root(RootKind kind) {
    const std::string name = in_.peek() == '"' ? in_.quoted() : std::string(trimmed(in_.bare_text(']', " \t=~-;")));
    const std::optional<Arrow> arrow = take_arrow();
    if (!arrow) in_.fail("expected an arrow (=> =?> ~> ->) from the root");
    if (arrow->label != LabelId{}) in_.fail("expected an object: the arrow of a root has no label");
    const ObjectId to = object();
    pay(to, arrow->kind, arrow->certainty);
    builder_.add_root({to, kind, arrow->kind, arrow->certainty, builder_.intern(name)});
    chain(to);
  }

  void type() {
    const std::string name = in_.peek() == '"' ? in_.quoted() : std::string(in_.id());
    in_.skip_spaces();
    in_.expect("{", "expected '{' after the name of the type");
    uint32_t flags = 0;
    std::string location;
    attributes([&](std::string_view word) {
      if (auto flag = find_word(word, kTypeFlagWords)) return flags |= *flag, true;
      if (word == "at") return location = in_.quoted(), true;
      return false;
    });
    builder_.add_type(name, location, flags);
    type_locations_[name] = location;
  }

  void totals() {
    const uint64_t blocks = in_.number("expected the number of blocks");
    in_.skip_spaces();
    builder_.set_block_totals(blocks, in_.number("expected the bytes of all blocks"));
    has_totals_ = true;
  }

  ObjectId object() {
    in_.skip_spaces();
    const size_t begin = in_.place();
    const std::string_view name = in_.id();
    if (name.empty()) in_.fail("expected the name of an object");
    auto [found, is_new] = names_.try_emplace(std::string(name), ObjectId{builder_.object_count()});
    const ObjectId id = found->second;
    if (is_new) {
      builder_.add_object({.address = drawn_address(index(id)), .size = kDrawnSize});
      given_.emplace_back();
    }
    Given& given = given_[index(id)];
    if (in_.take("(")) object_type(begin, name, id, given);
    if (in_.take("[")) {
      once(begin, name, given.size, "size");
      builder_.object(id).size = in_.number("expected a number of bytes");
      in_.expect("]", "expected ']' after the size");
    }
    if (in_.take(":")) object_count(begin, name, id, given);
    if (in_.take("{")) object_attributes(id);
    return id;
  }

  void object_type(size_t begin, std::string_view name, ObjectId id, Given& given) {
    once(begin, name, given.type, "type");
    const std::string type = in_.peek() == '"' ? in_.quoted() : std::string(in_.bare_text(')', ""));
    in_.expect(")", "expected ')' after the type");
    const auto location = type_locations_.find(type);
    builder_.object(id).type =
        builder_.add_type(type, location == type_locations_.end() ? std::string_view() : location->second);
  }

  void object_count(size_t begin, std::string_view name, ObjectId id, Given& given) {
    once(begin, name, given.count, "count");
    if (in_.take("-")) return;
    auto object = builder_.object(id);
    object.strong_count = static_cast<int64_t>(in_.number("expected a strong count, or '-' for a block"));
    object.flavour = FlavourId::kSharedPtr;
    if (in_.take("/")) object.weak_count = static_cast<int64_t>(in_.number("expected a weak count"));
  }

  void object_attributes(ObjectId id) {
    flavour_given_.resize(builder_.object_count(), 0);
    attributes([&](std::string_view word) {
      auto object = builder_.object(id);
      if (auto flag = find_word(word, kObjectFlagWords)) return object.flags |= *flag, true;
      if (auto flavour = find_word(word, kFlavourWords))
        return object.flavour = *flavour, flavour_given_[index(id)] = 1, true;
      if (word == "generation")
        return object.flags |= static_cast<uint32_t>(in_.number("expected 0 to 3") & 3) << dump::kObjectGenerationShift,
               true;
      if (word == "at") return object.address = in_.number("expected an address"), true;
      if (word == "stack") return object.birth_stack = StackId{small_number("expected a stack")}, true;
      if (word == "birth") return object.birth_order = small_number("expected an order of birth"), true;
      if (word == "note") return object.note = builder_.intern(in_.quoted()), true;
      return false;
    });
  }

  uint32_t small_number(const char* what) { return static_cast<uint32_t>(in_.number(what)); }

  template <class Read>
  void attributes(Read read) {
    do {
      in_.skip_spaces();
      if (in_.take("}")) return;
      const size_t begin = in_.place();
      const std::string word(in_.id());
      in_.skip_spaces();
      if (!read(word)) in_.fail_at(begin, fmt::format("expected an attribute, not '{}'", word));
      in_.skip_spaces();
    } while (in_.take(","));
    in_.expect("}", "expected ',' or '}' after the attribute");
  }

  void once(size_t begin, std::string_view name, bool& given, const char* what) {
    if (given) in_.fail_at(begin, fmt::format("expected one {} for '{}'", what, name));
    given = true;
  }

  std::optional<Arrow> take_arrow() {
    in_.skip_spaces();
    const auto kind = take_word(in_, kShaftWords);
    if (!kind) return std::nullopt;
    Arrow arrow{*kind, unmarked_certainty(*kind)};
    if (in_.take("[")) {
      label(arrow);
      const size_t second = in_.place();
      if (take_word(in_, kShaftWords) != kind)
        in_.fail_at(second, "expected the same shaft on both sides of the label");
    }
    if (auto mark = take_word(in_, kMarkWords)) arrow.certainty = *mark;
    in_.expect(">", "expected an arrow (=> =?> ~> ->)");
    return arrow;
  }

  void label(Arrow& arrow) {
    std::string owner, path, location;
    if (in_.peek() == '"') {
      path = in_.quoted();
      if (in_.take("::")) owner = std::move(path), path = in_.quoted();
    } else {
      const LabelText split = split_label(in_.bare_text(']', "#@"));
      owner = split.owner;
      path = split.path;
    }
    if (in_.take("#")) arrow.element = small_number("expected the index of an element");
    if (in_.take("@")) location = in_.peek() == '"' ? in_.quoted() : std::string(in_.bare_text(']', ""));
    in_.expect("]", "expected ']' after the label");
    arrow.label = builder_.add_label(owner, path, location);
  }

  ObjectId reference(ObjectId from, const Arrow& arrow) {
    const ObjectId to = object();
    pay(to, arrow.kind, arrow.certainty);
    builder_.add_reference({from, to, arrow.label, arrow.kind, arrow.certainty, arrow.element});
    return to;
  }

  void pay(ObjectId to, ReferenceKind kind, Certainty certainty) {
    Given& given = given_[index(to)];
    given.may_be_counted |= kind != ReferenceKind::kRaw;
    given.paying += kind == ReferenceKind::kStrong && certainty != Certainty::kConservative;
  }

  void settle_counts() {
    flavour_given_.resize(builder_.object_count(), 0);
    for (uint32_t i = 0; i < builder_.object_count(); ++i) {
      const Given& given = given_[i];
      auto object = builder_.object(ObjectId{i});
      if (!given.count && given.may_be_counted) {
        object.strong_count = given.paying;
        if (!flavour_given_[i]) object.flavour = FlavourId::kSharedPtr;
      }
    }
  }

  DrawingCursor in_;
  HeapBuilder builder_;
  std::map<std::string, ObjectId, std::less<>> names_;
  std::map<std::string, std::string, std::less<>> type_locations_;
  std::vector<Given> given_;            // by object
  std::vector<uint8_t> flavour_given_;  // by object
  bool has_totals_ = false;
};

}  // namespace

LabelText split_label(std::string_view text) {
  int depth = 0;
  for (size_t i = text.size(); i-- > 1;) {
    const char c = text[i];
    const bool is_arrow = c == '>' && text[i - 1] == '-';
    if (!is_arrow && (c == '>' || c == ')' || c == ']')) ++depth;
    if (c == '<' || c == '(' || c == '[') --depth;
    if (depth == 0 && c == ':' && text[i - 1] == ':') return {text.substr(0, i - 1), text.substr(i + 1)};
  }
  return {{}, text};
}

ObjectId DrawnHeap::operator[](std::string_view name) const {
  const auto found = names.find(name);
  if (found == names.end()) throw Error(fmt::format("drawing: no object '{}' was drawn", name));
  return found->second;
}

DrawnHeap read_drawing(std::string_view text) { return DrawingReader(text).read(); }

}  // namespace reftally
