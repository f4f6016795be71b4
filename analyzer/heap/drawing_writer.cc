#include <fmt/format.h>

#include <iterator>

#include "analyzer/heap/drawing.h"
#include "analyzer/heap/drawing_words.h"

namespace reftally {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else {
      result += c;
    }
  }
  return result + '"';
}

bool is_id(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                              std::string_view::npos;
}

// Whether the reader, stopping at the closing bracket, would read the bare text back as it is.
bool reads_bare(std::string_view text, char opening, char closing, std::string_view stops) {
  int depth = 0;
  for (const char c : text) {
    if (c == '\n' || c == '"' || (depth == 0 && (c == closing || stops.find(c) != stops.npos))) return false;
    depth += c == opening ? 1 : c == closing ? -1 : 0;
  }
  return depth == 0;
}

template <size_t N>
void append_flag_words(uint32_t flags, const DrawingWord<uint32_t> (&words)[N], std::vector<std::string>& to) {
  for (const auto& row : words)
    if (flags & row.value) to.emplace_back(row.word);
}

class DrawingWriter {
 public:
  explicit DrawingWriter(const Heap& heap) : heap_(heap), inferred_(heap.object_count(), kUncounted) {
    for (uint64_t row = 0; row < heap.referent.size(); ++row)
      infer(heap.referent[row], heap.kind[row], heap.certainty[row]);
    for (const HeapRoot& root : heap.roots) infer(root.to, root.reference, root.certainty);
  }

  std::string write() {
    types();
    for (uint32_t i = 0; i < heap_.object_count(); ++i) object(ObjectId{i});
    for (const HeapRoot& root : heap_.roots) {
      fmt::format_to(out_, "{} {} {} {}\n", word_of(root.kind, kRootWords), quote(heap_.text(root.name)),
                     arrow(root.reference, root.certainty, ""), name(root.to));
    }
    for (uint32_t i = 0; i < heap_.object_count(); ++i) references(ObjectId{i});
    totals();
    return std::move(text_);
  }

 private:
  void infer(ObjectId to, ReferenceKind kind, Certainty certainty) {
    int64_t& count = inferred_[index(to)];
    if (kind != ReferenceKind::kRaw && count == kUncounted) count = 0;
    if (kind == ReferenceKind::kStrong && certainty != Certainty::kConservative) ++count;
  }

  void types() {
    for (size_t i = 1; i < heap_.types.size(); ++i) {
      const HeapType& type = heap_.types[i];
      std::vector<std::string> words;
      append_flag_words(type.flags, kTypeFlagWords, words);
      if (type.location != StringId{}) words.push_back("at " + quote(heap_.text(type.location)));
      const std::string_view text = heap_.text(type.name);
      if (!words.empty())
        fmt::format_to(out_, "type {} {{{}}}\n", is_id(text) ? std::string(text) : quote(text), fmt::join(words, ", "));
    }
  }

  // "[lambda session.cpp:42]" is drawn as lambda_7; an object without a type as block_7 or object_7.
  std::string name(ObjectId object) const {
    std::string_view type = heap_.type_name(object);
    type = type.substr(0, type.find('<'));
    std::string word;
    for (const char c : type) {
      if (is_id({&c, 1})) {
        word += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      } else if (c == ':') {
        word.clear();
      } else if (!word.empty()) {
        break;
      }
    }
    if (word.empty() || (word[0] >= '0' && word[0] <= '9')) word = heap_.is_counted(object) ? "object" : "block";
    return fmt::format("{}_{}", word, index(object));
  }

  void object(ObjectId id) {
    const uint32_t i = index(id);
    text_ += name(id);
    if (heap_.type[i] != TypeId{}) {
      const std::string_view type = heap_.type_name(id);
      fmt::format_to(out_, "({})", reads_bare(type, '(', ')', "") ? std::string(type) : quote(type));
    }
    if (heap_.size[i] != kDrawnSize) fmt::format_to(out_, "[{}]", heap_.size[i]);
    if (heap_.is_counted(id)) {
      fmt::format_to(out_, ":{}", heap_.strong_count[i]);
      if (heap_.weak_count[i] != 0) fmt::format_to(out_, "/{}", heap_.weak_count[i]);
    } else if (inferred_[i] != kUncounted) {
      text_ += ":-";
    }
    if (auto words = attributes(id); !words.empty()) fmt::format_to(out_, "{{{}}}", fmt::join(words, ", "));
    text_ += '\n';
  }

  std::vector<std::string> attributes(ObjectId id) const {
    const uint32_t i = index(id);
    std::vector<std::string> words;
    const FlavourId usual = heap_.is_counted(id) ? FlavourId::kSharedPtr : FlavourId::kBlock;
    if (heap_.flavour[i] != usual) words.emplace_back(word_of(heap_.flavour[i], kFlavourWords));
    append_flag_words(heap_.flags[i], kObjectFlagWords, words);
    if (const uint32_t generation = heap_.flags[i] >> dump::kObjectGenerationShift & 3)
      words.push_back(fmt::format("generation {}", generation));
    if (heap_.address[i] != drawn_address(i)) words.push_back(fmt::format("at {:#x}", heap_.address[i]));
    if (heap_.birth_stack[i] != StackId{}) words.push_back(fmt::format("stack {}", index(heap_.birth_stack[i])));
    if (heap_.birth_order[i] != 0) words.push_back(fmt::format("birth {}", heap_.birth_order[i]));
    if (heap_.note[i] != StringId{}) words.push_back("note " + quote(heap_.text(heap_.note[i])));
    return words;
  }

  std::string label(uint64_t row) const {
    const HeapLabel& label = heap_.labels[index(heap_.label[row])];
    const std::string_view owner = heap_.text(label.owner), path = heap_.text(label.path);
    std::string text = owner.empty() ? std::string(path) : fmt::format("{}::{}", owner, path);
    const LabelText split = split_label(text);
    if (split.owner != owner || split.path != path || !reads_bare(text, '[', ']', "#@"))
      text = owner.empty() ? quote(path) : quote(owner) + "::" + quote(path);
    if (heap_.element[row] < kElementText) fmt::format_to(std::back_inserter(text), "#{}", heap_.element[row]);
    if (label.location != StringId{}) text += "@" + quote(heap_.text(label.location));
    return text;
  }

  static std::string arrow(ReferenceKind kind, Certainty certainty, const std::string& label) {
    const std::string_view shaft = word_of(kind, kShaftWords);
    const std::string_view mark = certainty == unmarked_certainty(kind) ? "" : word_of(certainty, kMarkWords);
    return label.empty() ? fmt::format("{}{}>", shaft, mark) : fmt::format("{}[{}]{}{}>", shaft, label, shaft, mark);
  }

  void references(ObjectId from) {
    for (uint64_t row = heap_.references.begin(index(from)); row < heap_.references.end(index(from)); ++row) {
      fmt::format_to(out_, "{} {} {}\n", name(from), arrow(heap_.kind[row], heap_.certainty[row], label(row)),
                     name(heap_.referent[row]));
    }
  }

  void totals() {
    uint64_t bytes = 0;
    for (const uint64_t size : heap_.size) bytes += size;
    if (heap_.block_count != heap_.object_count() || heap_.block_bytes != bytes)
      fmt::format_to(out_, "totals {} {}\n", heap_.block_count, heap_.block_bytes);
  }

  const Heap& heap_;
  std::vector<int64_t> inferred_;  // by object: the count a reader would give it
  std::string text_;
  Out out_{text_};
};

}  // namespace

std::string write_drawing(const Heap& heap) { return DrawingWriter(heap).write(); }

}  // namespace reftally
