#include "reports/own_frames.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <string_view>

#include "reports/names.h"

namespace reftally {
namespace {

using Frames = std::vector<ReportFrame>;

constexpr std::string_view kPointerEnds[] = {"Ptr", "Ref", "Handle", "Pointer", "_ptr", "_ref", "_handle", "_pointer"};

// "addRef" -> "add", "ref"; "node_take" -> "node", "take"; "String::String" -> "string", "string".
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  char before = '\0';
  for (char letter : name) {
    const bool is_upper = std::isupper(static_cast<unsigned char>(letter)) != 0;
    const bool begins = is_upper && std::islower(static_cast<unsigned char>(before)) != 0;
    if (begins || letter == '_' || letter == ':') words.emplace_back();
    if (letter != '_' && letter != ':')
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    before = letter;
  }
  std::erase(words, "");
  return words;
}

// A function that does nothing but count, by the last word of its name: ref(), node_take(), Handle::Handle(),
// Handle::operator=(). Not copy_children(), which is guilty of what it takes.
bool only_counts(const std::string& name) {
  static const std::set<std::string, std::less<>> kWords = {
      "ref",  "unref", "incref", "decref", "addref", "acquire", "release", "retain", "take",
      "grab", "hold",  "get",    "put",    "drop",   "dup",     "copy",    "share",  "give",
      "inc",  "dec",   "clone",  "reset",  "swap",   "move",    "assign"};
  if (name.find('~') != std::string::npos || name.find("::operator=") != std::string::npos) return true;
  const std::vector<std::string> words = words_of(name);
  const bool is_constructor = words.size() > 1 && words.back() == words[words.size() - 2];
  return is_constructor || (!words.empty() && kWords.contains(words.back()));
}

bool tells_of_a_count(const ReportFrame& frame) {
  for (const char* name : {"reftally_acquire", "reftally_release", "reftally_born", "reftally_move"})
    if (short_function(frame.function) == name) return true;
  return false;
}

// The function that tells of a count of the program's own is its ref() or unref(): who called that is news.
Frames::iterator caller_of_counting(Frames::iterator at, const Frames& frames) {
  if (at == frames.begin() || std::none_of(frames.begin(), Frames::const_iterator(at), tells_of_a_count)) return at;
  Frames::iterator caller = at;
  while (caller != frames.end() && (only_counts(short_function(caller->function)) || is_library_frame(*caller)))
    ++caller;
  return caller != frames.end() ? caller : at;
}

// What makes, copies, assigns or ends a smart pointer, by its name: Handle<Node>::Handle(), NodeRef::operator=().
bool is_of_smart_pointer(const ReportFrame& frame) {
  const std::string function = short_function(frame.function);
  const size_t end = function.rfind("::");
  if (end == std::string::npos || !only_counts(function)) return false;
  const size_t scope = end != 0 ? function.rfind("::", end - 1) : std::string::npos;
  const size_t begin = scope == std::string::npos ? 0 : scope + 2;
  const std::string name = function.substr(begin, end - begin);
  if (frame.function.find(name + "<") != std::string::npos) return true;
  return std::any_of(std::begin(kPointerEnds), std::end(kPointerEnds),
                     [&](std::string_view word) { return name.ends_with(word); });
}

}  // namespace

std::vector<ReportFrame> report_frames(const std::vector<SourceFrame>& frames) {
  std::vector<ReportFrame> result;
  for (const SourceFrame& frame : frames) result.push_back({frame.function, frame.file, frame.module, frame.line});
  return result;
}

std::vector<ReportFrame> own_frames(std::vector<ReportFrame> frames) {
  auto first = std::find_if_not(frames.begin(), frames.end(), is_library_frame);
  if (first != frames.end()) frames.erase(frames.begin(), caller_of_counting(first, frames));
  // of a program without symbols nobody can tell what starts main, but for the agent
  auto entry = std::find_if(frames.begin(), frames.end(), [](const ReportFrame& frame) {
    return frame.function.find("main_then_snapshot") != frame.function.npos;
  });
  if (entry != frames.begin()) frames.erase(entry, frames.end());
  while (frames.size() > 1 && is_library_frame(frames.back())) frames.pop_back();
  return frames;
}

std::vector<ReportFrame> counting_frames(std::vector<ReportFrame> frames) {
  frames = own_frames(std::move(frames));
  if (frames.empty() || !is_of_smart_pointer(frames.front())) return frames;
  const auto caller = std::find_if_not(frames.begin(), frames.end(), [](const ReportFrame& frame) {
    return is_of_smart_pointer(frame) || is_library_frame(frame);
  });
  if (caller != frames.end()) frames.erase(frames.begin(), caller);
  return frames;
}

}  // namespace reftally
