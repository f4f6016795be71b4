#include "runtime/dump/byte_planes.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace reftally::dump;

namespace {

std::vector<uint8_t> some_bytes(size_t size) {
  std::mt19937 random(static_cast<unsigned>(size));
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

}  // namespace

TEST_CASE("planes hold the first bytes of all words, then the second, and a rest as it is") {
  for (const size_t size : {0, 7, 8, 9, 120, 128, 136, 1000, 4099}) {
    const std::vector<uint8_t> bytes = some_bytes(size);
    std::vector<uint8_t> planes(size);
    to_planes(bytes.data(), size, planes.data());
    const size_t words = size / 8;
    for (size_t i = 0; i < 8 * words; i++) REQUIRE(planes[i % 8 * words + i / 8] == bytes[i]);
    for (size_t i = 8 * words; i < size; i++) REQUIRE(planes[i] == bytes[i]);
  }
}

TEST_CASE("bytes come back from planes") {
  for (size_t size = 0; size < 600; size++) {
    const std::vector<uint8_t> bytes = some_bytes(size);
    std::vector<uint8_t> planes(size), back(size);
    to_planes(bytes.data(), size, planes.data());
    from_planes(planes.data(), size, back.data());
    REQUIRE(back == bytes);
  }
}
