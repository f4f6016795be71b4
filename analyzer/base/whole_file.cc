#include "analyzer/base/whole_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "analyzer/base/error.h"

namespace reftally {
namespace {

namespace fs = std::filesystem;

// Also where nothing is yet.
std::string end_of_links(fs::path path) {
  std::error_code none;
  for (int links = 0; links < 40 && fs::is_symlink(path, none); ++links)
    path = path.parent_path() / fs::read_symlink(path, none);
  return path.string();
}

}  // namespace

void write_file_whole(const std::string& path, const std::string& bytes) {
  std::error_code none;
  const bool plain = !fs::exists(path, none) || fs::is_regular_file(path, none);
  const std::string end = plain ? end_of_links(path) : path;
  const std::string target = plain ? end + fmt::format(".{}.tmp", getpid()) : path;
  FILE* file = fopen(target.c_str(), "wb");
  if (file == nullptr) throw Error(fmt::format("{}: cannot be created: {}", path, strerror(errno)));
  const bool written = fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const int write_error = errno;
  const bool closed = fclose(file) == 0;
  if (!written || !closed || (plain && rename(target.c_str(), end.c_str()) != 0)) {
    const int error = written ? errno : write_error;
    if (plain) unlink(target.c_str());
    throw Error(fmt::format("{}: cannot be written: {}", path, strerror(error)));
  }
}

}  // namespace reftally
