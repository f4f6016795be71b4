#include "analyzer/layouts/keys.h"

#include "analyzer/layouts/counters.h"

namespace reftally {

namespace {

constexpr uint64_t kLongestKey = 64, kNumberLimit = uint64_t{1} << 31;

std::optional<uint64_t> integer_at(const Image& image, uint64_t address, uint64_t size) {
  if (size == 8) return image.word(address);
  if (size == 4) return image.half(address);
  return std::nullopt;
}

// Where the characters' address and their number stand.
std::optional<std::string> text_at(const Image& image, uint64_t pointer_at, uint64_t length_at) {
  const std::optional<uint64_t> text = image.word(pointer_at), length = image.word(length_at);
  if (!text || !length || *length > kLongestKey) return std::nullopt;
  std::string key;
  for (uint64_t at = *text; at < *text + *length; ++at) {
    const std::optional<uint8_t> byte = image.byte(at);
    if (!byte) return std::nullopt;
    key += static_cast<char>(*byte);
  }
  return key;
}

std::optional<std::string> text_of(const Image& image, const Type& type, uint64_t address) {
  auto pointer = find_member(type, {"_M_dataplus", "_M_p"}), length = find_member(type, {"_M_string_length"});
  if (!pointer) pointer = find_member(type, {"_M_str"}), length = find_member(type, {"_M_len"});
  if (!pointer || !length) return std::nullopt;
  return text_at(image, address + pointer->offset, address + length->offset);
}

}  // namespace

uint32_t index_of_key(Walker& walker, const Type& type, uint64_t address) {
  if (type.kind == Type::Kind::kEnum || wrapped_integer(type)) {
    const std::optional<uint64_t> number = integer_at(walker.image(), address, type.size);
    return number && *number < kNumberLimit ? static_cast<uint32_t>(*number) : kNoIndex;
  }
  if (type.kind != Type::Kind::kClass || !type.scope.starts_with("std")) return kNoIndex;
  const std::optional<std::string> text = text_of(walker.image(), type, address);
  return text ? walker.visitor().key(*text) : kNoIndex;
}

}  // namespace reftally
