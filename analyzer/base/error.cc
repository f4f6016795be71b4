#include "analyzer/base/error.h"

#include <fmt/format.h>

namespace reftally {

Error::Error(const std::string& file, uint64_t offset, const std::string& expected)
    : std::runtime_error(fmt::format("{}: at byte {}: expected {}", file, offset, expected)) {}

void require(bool holds, const char* invariant) {
  if (!holds) throw Error(fmt::format("internal error: {} does not hold; please report it", invariant));
}

}  // namespace reftally
