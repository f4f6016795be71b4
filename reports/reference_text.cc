#include "reports/reference_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/escape.h"
#include "reports/names.h"

namespace reftally {

std::string type_text(const Heap& heap, ObjectId object) {
  const std::string_view name = heap.type_name(object);
  if (!name.empty()) return std::string(name);
  return heap.is_counted(object) ? "(unknown type)" : fmt::format("block of {} bytes", heap.size[index(object)]);
}

ObjectId referrer_of(const Heap& heap, uint64_t reference) {
  const auto& offsets = heap.references.offsets;
  const auto next = std::upper_bound(offsets.begin(), offsets.end(), reference);
  return ObjectId{static_cast<uint32_t>(next - offsets.begin() - 1)};
}

bool is_namespace_of_module(const Heap& heap, uint64_t reference) {
  return heap.type_name(referrer_of(heap, reference)).starts_with("module ") &&
         heap.text(heap.labels[index(heap.label[reference])].path) == "__dict__";
}

const char* kind_name(ReferenceKind kind) {
  static constexpr const char* kNames[] = {"strong", "weak", "raw", "strong or weak"};
  return kNames[static_cast<size_t>(kind)];
}

const char* certainty_name(Certainty certainty) {
  static constexpr const char* kNames[] = {"exact", "counted", "conservative"};
  return kNames[static_cast<size_t>(certainty)];
}

bool pays(ReferenceKind kind, Certainty certainty) {
  return kind == ReferenceKind::kStrong && certainty != Certainty::kConservative;
}

std::string path_text(const Heap& heap, uint64_t reference, bool with_element) {
  std::string path(heap.text(heap.labels[index(heap.label[reference])].path));
  if (path.starts_with('+')) return "offset " + path.substr(1);  // no type to name the member
  // What a stored closure captures is reached through the member that stores it.
  for (size_t at = 0; (at = path.find(".[lambda ", at)) != std::string::npos; at += 4) path.replace(at, 1, " -> ");
  if (!with_element) return path;
  if (const size_t at = path.rfind("[]"); at != std::string::npos) path.insert(at + 1, heap.element_text(reference));
  return path;
}

std::string without_indexes(std::string text) {
  for (size_t open = 0; (open = text.find('[', open)) != std::string::npos; open++) {
    const size_t quote = text.compare(open + 1, 1, "\"") == 0 ? text.find("\"]", open + 2) : std::string::npos;
    const size_t close = quote != std::string::npos ? quote + 1 : text.find_first_not_of("0123456789", open + 1);
    if (close != std::string::npos && text[close] == ']') text.erase(open + 1, close - open - 1);
  }
  return text;
}

std::string member_text(std::string_view owner, std::string_view path, bool dotted) {
  if (path.empty() || owner.empty()) return std::string(owner.empty() ? path : owner);
  if (path.starts_with("offset ")) return fmt::format("{} at {}", owner, path);
  if (path.starts_with("[lambda ")) return fmt::format("{} -> {}", owner, path);
  if (path.front() == '[' || path.front() == '{') return fmt::format("{}{}", owner, path);
  for (std::string_view aside : {"key of ", "local ", "word "})
    if (path.starts_with(aside)) return fmt::format("{}, {}", owner, path);
  return fmt::format("{}{}{}", owner, dotted || owner.starts_with("[lambda ") ? "." : "::", path);
}

const char* mending_verb(Mending mending) {
  static constexpr const char* kVerbs[] = {"make this one weak", "clear this one", "keep it without its traceback",
                                           "let go of this one", "visit this one"};
  return kVerbs[static_cast<size_t>(mending)];
}

bool reads_dotted(const Heap& heap, uint64_t reference) {
  return (heap.labels[index(heap.label[reference])].flags & kLabelDotted) != 0 ||
         heap.flavour[index(referrer_of(heap, reference))] == FlavourId::kPython;
}

std::string short_owner(std::string_view type) {
  constexpr size_t kMost = 80;  // a template's arguments may take lines, and tell nothing of the member
  return type.size() > kMost ? short_type(type, kMost) : std::string(type);
}

std::string short_way(std::string_view way, size_t most) {
  constexpr std::string_view kStep = " -> ";
  const size_t first = way.find(kStep);
  if (way.size() <= most || first == std::string_view::npos) return cut(way, most);
  size_t rest = way.rfind(kStep);
  // A closure says little without who stores it.
  if (way.substr(rest + kStep.size()).starts_with("[lambda ") && rest > first) rest = way.rfind(kStep, rest - 1);
  if (rest <= first) return cut(way, most);
  return cut(fmt::format("{} -> …{}", way.substr(0, first), way.substr(rest)), most);
}

std::string member_name(const Heap& heap, uint64_t reference, bool with_element) {
  std::string owner(heap.text(heap.labels[index(heap.label[reference])].owner));
  if (owner.empty()) owner = type_text(heap, referrer_of(heap, reference));
  return member_text(short_owner(owner), path_text(heap, reference, with_element), reads_dotted(heap, reference));
}

}  // namespace reftally
