#include "analyzer/image/debug_packages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <unordered_map>

#include "analyzer/image/type_names.h"

namespace reftally {

namespace {

constexpr const char* kPackageLists = "/var/lib/dpkg/info";  // one PACKAGE[:ARCHITECTURE].list with its paths a line
constexpr size_t kNamed = 4;                                 // packages or modules in the sentence

// "/lib/x" and "/usr/lib/x" are one file where /lib is a link.
std::string owned_path(std::string_view path) {
  if (path.starts_with("/usr/")) path.remove_prefix(4);
  return std::string(path);
}

std::string package_of_list(const std::filesystem::path& list) {
  const std::string name = list.stem().string();
  return name.substr(0, name.find(':'));
}

// Who owns `paths`, in the order of the paths; empty for nobody's.
std::vector<std::string> read_owners(const std::vector<std::string>& paths) {
  std::unordered_map<std::string, size_t> wanted;
  for (size_t i = 0; i < paths.size(); ++i) wanted.emplace(owned_path(paths[i]), i);
  std::vector<std::string> owners(paths.size());
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(kPackageLists, failed)) {
    if (entry.path().extension() != ".list") continue;
    std::ifstream list(entry.path());
    for (std::string line; std::getline(list, line);) {
      const auto found = wanted.find(owned_path(line));
      if (found != wanted.end()) owners[found->second] = package_of_list(entry.path());
    }
  }
  return owners;
}

// Packages that own `paths`, each once. Reading the lists takes a tenth of a second: once a process is enough for a
// path.
std::vector<std::string> owning_packages(const std::vector<std::string>& paths) {
  static std::mutex mutex;
  static std::map<std::string, std::string> owner_of;
  const std::lock_guard lock(mutex);
  std::vector<std::string> unknown, packages;
  std::copy_if(paths.begin(), paths.end(), std::back_inserter(unknown),
               [&](const std::string& path) { return !owner_of.contains(path); });
  const std::vector<std::string> owners = unknown.empty() ? unknown : read_owners(unknown);
  for (size_t i = 0; i < unknown.size(); ++i) owner_of.emplace(unknown[i], owners[i]);
  for (const std::string& path : paths) {
    const std::string& owner = owner_of[path];
    if (!owner.empty() && std::find(packages.begin(), packages.end(), owner) == packages.end())
      packages.push_back(owner);
  }
  return packages;
}

std::string first_few(std::vector<std::string> names) {
  const size_t rest = names.size() - std::min(names.size(), kNamed);
  names.resize(names.size() - rest);
  return fmt::format("{}{}", fmt::join(names, ", "), rest ? fmt::format(" and {} more", rest) : "");
}

}  // namespace

std::string missing_debug_information(const std::vector<std::string>& paths, size_t module_count) {
  if (paths.empty()) return "";
  std::vector<std::string> names, packages;
  for (const std::string& path : paths) names.emplace_back(base_name(path));
  for (const std::string& package : owning_packages(paths)) packages.push_back(package + "-dbgsym");
  const std::string install = packages.empty() ? "" : fmt::format(", or install {}", first_few(packages));
  return fmt::format(
      "{} of {} modules {} no debug information ({}): names and member types there come from symbols and counts alone; "
      "build with -g{}",
      paths.size(), module_count, paths.size() == 1 ? "has" : "have", first_few(names), install);
}

}  // namespace reftally
