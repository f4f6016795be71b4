#include "analyzer/lint/facts_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include "analyzer/base/error.h"

namespace reftally::lint {
namespace {

constexpr const char* kVersion = "reftally-facts 1";  // of the file's form

std::string read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(path + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// Takes the next line off `text`.
std::string_view next_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

uint64_t take_number(std::string_view& line) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc()) throw Error("a cached facts file is damaged");
  line.remove_prefix(std::min<size_t>(end - line.data() + 1, line.size()));
  return number;
}

// "SIZE CHANGED HASH PATH"
bool is_unchanged(std::string_view line, FileStates& states) {
  const uint64_t id = XXH3_64bits(line.data(), line.size());
  if (auto known = states.line_is_fresh.find(id); known != states.line_is_fresh.end()) return known->second;
  const uint64_t size = take_number(line), changed = take_number(line), content = take_number(line);
  const std::string path(line);
  const FileState now = states.stat(path);
  const bool fresh = now.changed >= 0 && now.size == size &&
                     (static_cast<uint64_t>(now.changed) == changed || states.content_hash(path) == content);
  return states.line_is_fresh[id] = fresh;
}

}  // namespace

std::string facts_file_name(const CompileCommand& command, const ExtractOptions& options) {
  // REFTALLY_FACTS_SOURCES: hash of the sources that make facts, since another extractor may find others.
  std::string text =
      std::string(kVersion) + '\n' + REFTALLY_FACTS_SOURCES + '\n' + command.directory + '\n' + command.file + '\n';
  for (const std::string& argument : command.arguments) text += argument + '\n';
  text += options.resource_dir + (options.bodies ? "\nbodies\n" : "\ntypes\n") + (options.layouts ? "layouts\n" : "");
  for (const auto* names :
       {&options.names.strong, &options.names.weak, &options.names.unique, &options.names.callable, &options.exclude}) {
    for (const std::string& name : *names) text += name + '\n';
    text += '\n';
  }
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  char digits[40];
  snprintf(digits, sizeof digits, "%016llx%016llx.facts", static_cast<unsigned long long>(hash.high64),
           static_cast<unsigned long long>(hash.low64));
  return digits;
}

FileState FileStates::stat(const std::string& path) {
  auto [slot, is_new] = known_.try_emplace(path);
  if (!is_new) return slot->second;
  struct stat info;
  if (::stat(path.c_str(), &info) == 0) {
    slot->second.size = info.st_size;
    slot->second.changed = info.st_mtim.tv_sec * 1000000000LL + info.st_mtim.tv_nsec;
  }
  return slot->second;
}

uint64_t FileStates::content_hash(const std::string& path) {
  auto [slot, is_new] = hashes_.try_emplace(path, 0);
  if (!is_new) return slot->second;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in && text << in.rdbuf()) slot->second = XXH3_64bits(text.view().data(), text.view().size());
  return slot->second;
}

void write_facts_file(const std::string& path, const Facts& facts, FileStates& states) {
  const std::string temporary = path + "." + std::to_string(getpid());
  std::ofstream out(temporary, std::ios::binary);
  out << kVersion << '\n' << facts.error_count << '\n';
  for (const std::string& file : facts.includes) {
    const FileState state = states.stat(file);
    out << state.size << ' ' << state.changed << ' ' << states.content_hash(file) << ' ' << file << '\n';
  }
  out << '\n';
  for (std::string error : facts.errors) {
    for (char& c : error)
      if (c == '\n') c = ' ';
    out << error << '\n';
  }
  out << '\n';
  write_facts(facts, out);
  out.close();
  if (!out || rename(temporary.c_str(), path.c_str()) != 0) {
    unlink(temporary.c_str());
    throw Error(path + ": cannot be written");
  }
}

bool is_fresh(const std::string& path, FileStates& states) try {
  if (access(path.c_str(), R_OK) != 0) return false;
  const std::string whole = read_whole(path);
  std::string_view text = whole;
  if (next_line(text) != kVersion || next_line(text) != "0") return false;
  for (std::string_view line = next_line(text); !line.empty(); line = next_line(text))
    if (!is_unchanged(line, states)) return false;
  return true;
} catch (const Error&) {
  return false;  // a damaged file is written anew
}

std::vector<std::string> files_read(const std::string& path) {
  const std::string whole = read_whole(path);
  std::string_view text = whole;
  std::vector<std::string> files;
  next_line(text), next_line(text);
  for (std::string_view line = next_line(text); !line.empty(); line = next_line(text)) {
    for (int i = 0; i < 3; ++i) take_number(line);
    files.emplace_back(line);
  }
  return files;
}

UnitErrors load_facts_file(const std::string& path, Program& program) {
  const std::string whole = read_whole(path);
  std::string_view text = whole;
  if (next_line(text) != kVersion) throw Error(path + ": expected \"" + kVersion + "\"");
  UnitErrors errors;
  std::string_view count = next_line(text);
  errors.count = static_cast<uint32_t>(take_number(count));
  while (!next_line(text).empty()) {
  }
  for (std::string_view line = next_line(text); !line.empty(); line = next_line(text)) errors.first.emplace_back(line);
  while (!text.empty()) program.add_line(next_line(text));
  return errors;
}

}  // namespace reftally::lint
