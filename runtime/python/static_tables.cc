#include "runtime/python/static_tables.h"

#include <elf.h>
#include <string.h>

#include "runtime/python/touched_pages.h"

namespace reftally::python {
namespace {

constexpr uint64_t kCacheEntry = 24, kCacheEntries = 4096, kCacheName = 8;
constexpr uint64_t kTextLength = 16, kTextHash = 24, kBytesData = 32;
constexpr uint32_t kEnoughVotes = 16;

const char* base_name(const char* path) noexcept {
  const char* slash = strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

void add_hex(runtime::Text& out, uint64_t number) noexcept {
  char digits[19] = "0x";
  int length = 2;
  int shift = 60;
  while (shift > 0 && (number >> shift & 0xf) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) digits[length++] = "0123456789abcdef"[number >> shift & 0xf];
  out.add(digits, static_cast<size_t>(length));
}

// The one character below 256 of a str; false when it is anything else.
bool latin_character(Address text, uint8_t& character) noexcept {
  char bytes[8];
  if (type_of(text) != python.types.str || read<uint64_t>(text + kTextLength) != 1) return false;
  const size_t size = copy_text(text, bytes, sizeof bytes);
  if (size == 0 || size > 2) return false;
  const auto first = static_cast<uint8_t>(bytes[0]), second = static_cast<uint8_t>(bytes[1]);
  const uint32_t value = size == 1 ? first : (first & 0x1fu) << 6 | (second & 0x3fu);
  character = static_cast<uint8_t>(value);
  return value < 256;
}

bool is_data(const runtime::Segment& segment) noexcept {
  constexpr uint32_t kNeeded = dump::kMapRead | dump::kMapWrite;
  return segment.type == PT_LOAD && (segment.flags & kNeeded) == kNeeded;
}

}  // namespace

StaticPlace describe_static_place(const runtime::ModuleList& modules, Address place, runtime::Text& out) noexcept {
  for (uint32_t i = 0; i < modules.count(); i++) {
    for (uint32_t k = 0; k < modules[i].segment_count; k++) {
      const runtime::Segment& segment = modules.segment(modules[i].first_segment + k);
      if (place < segment.begin || place >= segment.end || segment.type != PT_LOAD) continue;
      if (modules[i].is_agent) return StaticPlace::kOfAgent;
      out.add(base_name(modules[i].path)).add(" + ");
      add_hex(out, place - modules[i].bias);
      return StaticPlace::kDescribed;
    }
  }
  return StaticPlace::kNone;
}

void StaticTables::add(Address place) noexcept {
  char buffer[256];
  runtime::Text text(buffer, sizeof buffer);
  if (describe_static_place(modules_, place, text) != StaticPlace::kDescribed) return;
  walk_.add_root(pointer_at(place), dump::RootKind::kStatic, true, walk_.writer().string(buffer, text.size()), place);
}

// Whether `object` is the str or bytes of the C string at `text`; `length` without the zero at its end.
bool StaticTables::is_text_of(Address text, Address object, uint64_t& length) const noexcept {
  const runtime::Segment* segment = modules_.loaded_segment(text);
  if (segment == nullptr) return false;
  length = read<uint64_t>(object + kTextLength);  // ob_size of bytes
  if (length >= segment->end - text || read<char>(text + length) != '\0') return false;
  const char* expected = reinterpret_cast<const char*>(text);
  if (type_of(object) == python.types.bytes)
    return memcmp(reinterpret_cast<const void*>(object + kBytesData), expected, length) == 0;
  return text_equals(object, expected, length);
}

void StaticTables::vote(AddressMap<uint32_t>& votes, Votes& best, Address begin) noexcept {
  const uint32_t count = ++votes[begin];
  if (count > best.count) best = {begin, count};
}

// MCACHE_HASH of 3.9: the type's version, exclusive or the hash of the name.
Address StaticTables::method_cache_begin(Address place, Address name) const noexcept {
  const auto version = read<uint32_t>(place - kCacheName);
  const uint32_t i = (version ^ read<uint32_t>(name + kTextHash)) % kCacheEntries;
  return place - kCacheName - i * kCacheEntry;
}

// The str or bytes that the word at `place` points to, when the walk has met it; 0 none.
Address StaticTables::known_text(Address place) noexcept {
  const Address object = pointer_at(place);
  const Walk::Entry* entry = object != 0 && (object & 7) == 0 ? walk_.find(object) : nullptr;
  if (entry == nullptr || walk_.is_uncounted(entry->index - 1)) return 0;
  const Address type = type_of(object);
  return type == python.types.str || type == python.types.bytes ? object : 0;
}

void StaticTables::look_at_object(Address place, Address object, bool in_interpreter) noexcept {
  constexpr uint64_t kIdentifierText = 8, kSlotName = 48;
  uint64_t length = 0;
  if ((in_interpreter && !python.at_least(12) && is_text_of(pointer_at(place - kSlotName), object, length)) ||
      (!python.at_least(10) && is_text_of(pointer_at(place - kIdentifierText), object, length)))
    return add(place);
  if (!in_interpreter || python.at_least(10) || type_of(object) != python.types.str) return;
  vote(cache_votes_, cache_, method_cache_begin(place, object));
  uint8_t character = 0;
  if (latin_character(object, character)) vote(character_votes_, characters_, place - uint64_t{8} * character);
}

// `entry` may be one of Cython's: its first word is the address of a static variable, `place`.
void StaticTables::look_at_entry(Address entry, Address place) noexcept {
  constexpr uint64_t kText = 8, kSize = 16;
  const Address object = known_text(place);
  uint64_t length = 0;
  if (object != 0 && is_text_of(pointer_at(entry + kText), object, length) &&
      read<uint64_t>(entry + kSize) == length + 1)
    add(place);
}

void StaticTables::scan(const runtime::Segment& segment) noexcept {
  constexpr uint64_t kLongestEntry = 48;
  const bool in_interpreter = segment.begin <= python.types.type && python.types.type < segment.end;
  TouchedPages pages;
  for (Address page = segment.begin & ~(kPage - 1); page < segment.end; page += kPage) {
    if (!pages.touched(page)) continue;
    Address place = page;
    if (place < segment.begin + kLongestEntry) place = (segment.begin + kLongestEntry + 7) & ~Address{7};
    for (; place + 8 <= segment.end && place < page + kPage; place += 8) {
      const Address word = pointer_at(place);
      if (word == 0 || (word & 7) != 0) continue;
      if (word >= segment.begin && word < segment.end - 7 && place + 24 <= segment.end)
        look_at_entry(place, word);
      else if (const Address text = known_text(place))
        look_at_object(place, text, in_interpreter);
    }
  }
}

void StaticTables::add_method_cache() noexcept {
  if (cache_.count < kEnoughVotes) return;
  for (uint64_t i = 0; i < kCacheEntries; i++) {
    const Address place = cache_.begin + i * kCacheEntry + kCacheName;
    const Address name = known_text(place);
    if (name != 0 && method_cache_begin(place, name) == cache_.begin) add(place);
  }
}

void StaticTables::add_characters() noexcept {
  if (characters_.count < kEnoughVotes) return;
  for (uint64_t i = 0; i < 256; i++) {
    const Address place = characters_.begin + 8 * i, text = known_text(place);
    uint8_t character = 0;
    if (text != 0 && latin_character(text, character) && character == i) add(place);
  }
}

void StaticTables::add_roots() noexcept {
  for (uint32_t i = 0; i < modules_.count(); i++) {
    if (modules_[i].is_agent) continue;
    for (uint32_t k = 0; k < modules_[i].segment_count; k++)
      if (const runtime::Segment& segment = modules_.segment(modules_[i].first_segment + k); is_data(segment))
        scan(segment);
  }
  add_method_cache();
  add_characters();
}

}  // namespace reftally::python
