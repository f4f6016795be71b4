#include "analyzer/cli/text_file.h"

#include <fmt/chrono.h>

#include <ctime>

#include "analyzer/base/cursor.h"

namespace reftally {

std::string read_text_file(const std::string& path) {
  const MappedFile file(path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::string today() { return fmt::format("{:%Y-%m-%d}", fmt::localtime(std::time(nullptr))); }

}  // namespace reftally
