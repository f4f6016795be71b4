// Bytes made small, and safe to stand anywhere in a page.
#pragma once

#include <string>
#include <string_view>

namespace reftally {

std::string gzip(std::string_view bytes);
std::string base64(std::string_view bytes);

}  // namespace reftally
