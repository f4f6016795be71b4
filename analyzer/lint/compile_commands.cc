#include "analyzer/lint/compile_commands.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "analyzer/base/error.h"

namespace reftally::lint {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepestResponseFile = 8;  // a response file may name another; one may name itself

std::string absolute(const std::string& path, const std::string& directory) {
  return (fs::path(directory) / path).lexically_normal().string();
}

std::string read_whole(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(path.string() + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void expand_responses(const std::vector<std::string>& arguments, const std::string& directory, int depth,
                      std::vector<std::string>& out) {
  for (const std::string& argument : arguments) {
    const fs::path file = absolute(argument.substr(argument.empty() ? 0 : 1), directory);
    // As GCC: an @argument that names no file is an argument.
    if (argument.size() > 1 && argument[0] == '@' && depth < kDeepestResponseFile && fs::is_regular_file(file))
      expand_responses(split_command(read_whole(file)), directory, depth + 1, out);
    else
      out.push_back(argument);
  }
}

CompileCommand command_of(const nlohmann::json& entry, const std::string& base) {
  CompileCommand command;
  command.directory = absolute(entry.value("directory", "."), base);
  command.file = absolute(entry.at("file").get<std::string>(), command.directory);
  std::vector<std::string> arguments;
  if (entry.contains("arguments"))
    arguments = entry.at("arguments").get<std::vector<std::string>>();
  else
    arguments = split_command(entry.at("command").get<std::string>());
  expand_responses(arguments, command.directory, 0, command.arguments);
  if (command.arguments.empty()) throw Error(command.file + ": its command is empty");
  return command;
}

using IsMeant = std::function<bool(const std::string& file)>;

IsMeant is_part_of(const std::string& part) {
  const std::string path = absolute(part, fs::current_path().string());
  return [=](const std::string& file) { return file == path || file.find(part) != file.npos; };
}

// By way of a symbolic link.
IsMeant is_the_same_as(const std::string& path) {
  return [=](const std::string& file) {
    std::error_code unknown;
    return fs::equivalent(path, file, unknown);
  };
}

bool mark(const std::vector<CompileCommand>& commands, const IsMeant& test, std::vector<bool>& is_meant) {
  bool any = false;
  for (size_t i = 0; i < commands.size(); ++i)
    if (test(commands[i].file)) any = is_meant[i] = true;
  return any;
}

}  // namespace

std::vector<std::string> split_command(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != '\'' && c == '\\' && i + 1 < line.size()) {
      const char next = line[i + 1];
      if (quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`') word += c;
      word += next, in_word = true, ++i;
    } else if (quote) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c, in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      if (in_word) words.push_back(std::move(word));
      word.clear(), in_word = false;
    } else {
      word += c, in_word = true;
    }
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::vector<CompileCommand> read_compile_commands(const std::string& where) {
  const fs::path path = fs::is_directory(where) ? fs::path(where) / "compile_commands.json" : fs::path(where);
  if (!fs::is_regular_file(path))
    throw Error(path.string() + ": no such file; cmake -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, meson and bear write one");
  std::vector<CompileCommand> commands;
  try {
    for (const nlohmann::json& entry : nlohmann::json::parse(read_whole(path)))
      commands.push_back(command_of(entry, fs::absolute(path).parent_path().string()));
  } catch (const nlohmann::json::exception& error) {
    throw Error(path.string() + ": expected a compilation database: " + error.what());
  }
  std::stable_sort(commands.begin(), commands.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
  commands.erase(
      std::unique(commands.begin(), commands.end(), [](const auto& a, const auto& b) { return a.file == b.file; }),
      commands.end());
  return commands;
}

bool is_header(const std::string& file) {
  const std::string extension = fs::path(file).extension().string();
  return extension.empty() || extension.starts_with(".h") || extension == ".inl" || extension == ".ipp";
}

Selection select_files(std::vector<CompileCommand> commands, const std::vector<std::string>& files) {
  Selection selection;
  std::vector<bool> is_meant(commands.size(), files.empty());
  for (const std::string& file : files) {
    if (!mark(commands, is_part_of(file), is_meant) && !mark(commands, is_the_same_as(file), is_meant))
      selection.missing.push_back(file);
  }
  for (size_t i = 0; i < commands.size(); ++i)
    if (is_meant[i]) selection.commands.push_back(std::move(commands[i]));
  return selection;
}

CompileCommand compile_command_for(const std::string& file, const std::vector<std::string>& flags) {
  const std::string directory = fs::current_path().string();
  CompileCommand command{directory, absolute(file, directory), {}};
  const std::string extension = fs::path(file).extension().string();
  std::vector<std::string> arguments{extension == ".c" ? "cc" : "c++"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  arguments.push_back(command.file);
  expand_responses(arguments, directory, 0, command.arguments);
  return command;
}

}  // namespace reftally::lint
