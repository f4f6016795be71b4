#include "runtime/python/named_code.h"

#include <string.h>

#include "runtime/core/system.h"
#include "runtime/python/names.h"
#include "runtime/python/object.h"

namespace reftally::python {
namespace {

// By open addressing. Live code by its address; dead code by what it said, which is odd.
struct Row {
  uint64_t key;
  CodePlaces places;
  uint64_t words;  // of dead code, and of code that took over from it
};
constexpr int kRowBits = 18;
constexpr uint32_t kRows = 1u << kRowBits;
constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;
Row* rows = nullptr;
uint32_t row_count = 0, dead_count = 0;

CodeListener listener;
void (*free_code)(Address) noexcept = nullptr;
uint64_t line_table = 0;  // of a code object: where the pointer to its bytes is

constexpr size_t kWordBytes = 64u << 20;  // address space: used as it is filled
char* words = nullptr;
size_t words_used = 1;  // 0: none

inline uint32_t home_of(uint64_t key) noexcept {
  return static_cast<uint32_t>((key >> 1) * kGolden >> (64 - kRowBits));
}
inline uint32_t after(uint32_t i) noexcept { return (i + 1) & (kRows - 1); }

Row* find_row(uint64_t key) noexcept {
  for (uint32_t i = home_of(key); rows[i].key != 0; i = after(i))
    if (rows[i].key == key) return &rows[i];
  return nullptr;
}

Row* add_row(const Row& row) noexcept {
  static bool said = false;
  if (row_count >= kRows / 2) {
    if (!said) runtime::say("no room for more code objects: what new ones allocate has no birth stack");
    said = true;
    return nullptr;
  }
  uint32_t i = home_of(row.key);
  while (rows[i].key != 0) i = after(i);
  rows[i] = row;
  row_count++;
  return &rows[i];
}

// What lies behind it may have been pushed on by it, and moves up.
Row take_row(Row* row) noexcept {
  const Row taken = *row;
  auto hole = static_cast<uint32_t>(row - rows);
  for (uint32_t i = after(hole); rows[i].key != 0; i = after(i)) {
    const uint32_t home = home_of(rows[i].key);
    if (((i - home) & (kRows - 1)) < ((i - hole) & (kRows - 1))) continue;
    rows[hole] = rows[i];
    hole = i;
  }
  rows[hole] = Row{};
  row_count--;
  return taken;
}

// ---- words

struct Said {
  char text[1024];  // the function's name, zero, the file's
  size_t size;
  uint64_t key;  // odd; equal for code that says the same at each of its places
};

void describe(Address code, Said& said) noexcept {
  const Layout& layout = *python.layout;
  auto at = [code](uint64_t offset) { return code + offset; };
  runtime::Text function(said.text, sizeof said.text / 2);
  add_code_name(function, code);
  said.size = function.size();
  said.text[said.size++] = 0;
  said.size += copy_text(pointer_at(at(static_cast<uint64_t>(layout.code_filename))), said.text + said.size,
                         sizeof said.text - said.size - 1);
  said.text[said.size++] = 0;
  uint64_t hash = read<uint32_t>(at(static_cast<uint64_t>(layout.code_first_line)));
  auto mix = [&hash](const char* bytes, size_t size) {
    for (size_t i = 0; i < size; i++) hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 0x100000001b3;
  };
  mix(said.text, said.size);
  constexpr uint64_t kBytes = 32;  // of a bytes object, behind its size and its hash
  if (const Address lines = line_table != 0 ? pointer_at(at(line_table)) : 0)
    mix(reinterpret_cast<const char*>(lines + kBytes), read<uint64_t>(lines + kObjectSize));
  said.key = hash * kGolden | 1;
}

uint64_t keep_words(const Said& said) noexcept {
  if (words_used + said.size > kWordBytes) return 0;
  memcpy(words + words_used, said.text, said.size);
  words_used += said.size;
  return words_used - said.size;
}

// ---- the life of code

void bury(Row* live) noexcept {
  Said said;
  const Row row = take_row(live);
  describe(row.key, said);
  Row* dead = find_row(said.key);
  uint64_t kept = row.words != 0 ? row.words : dead != nullptr ? dead->words : 0;
  if (kept == 0) kept = keep_words(said);
  listener.dies(row.key, row.places, kept);
  if (dead != nullptr) {
    dead->places = listener.join(dead->places, row.places);
  } else if (add_row({said.key, row.places, kept}) != nullptr) {
    dead_count++;
  }
}

void on_free_code(Address code) noexcept {
  if (is_recorded_thread())
    if (Row* row = find_row(code)) bury(row);
  free_code(code);
}

uint64_t find_line_table() noexcept {
  for (const Field& field : python.layout->code_fields)
    if (strcmp(field.name, "co_linetable") == 0 || strcmp(field.name, "co_lnotab") == 0)
      return static_cast<uint64_t>(field.offset);
  return 0;
}

// The type is one static object of the interpreter's, and asks this of each code object that dies.
void watch_deaths() noexcept {
  const Address place = python.types.code + kTypeFree;
  free_code = reinterpret_cast<void (*)(Address) noexcept>(pointer_at(place));
  *reinterpret_cast<void (**)(Address) noexcept>(place) = on_free_code;
}

}  // namespace

bool prepare_named_code(const CodeListener& to_tell) noexcept {
  rows = static_cast<Row*>(runtime::map_memory(kRows * sizeof(Row)));
  words = static_cast<char*>(runtime::map_memory(kWordBytes));
  if (rows == nullptr || words == nullptr) return false;
  listener = to_tell;
  line_table = find_line_table();
  watch_deaths();
  return true;
}

CodePlaces* places_of_code(Address code) noexcept {
  if (Row* row = find_row(code)) return &row->places;
  if (type_of(code) != python.types.code) return nullptr;
  Row row{code, {}, 0};
  if (dead_count != 0) {
    Said said;
    describe(code, said);
    if (Row* dead = find_row(said.key)) {
      row = take_row(dead);
      row.key = code;
      dead_count--;
    }
  }
  Row* added = add_row(row);
  if (added != nullptr && row.words != 0) listener.returns(code, row.places);
  return added != nullptr ? &added->places : nullptr;
}

constexpr int kLineBits = 24;

Address dead_code(uint64_t kept, int line) noexcept {
  const uint64_t number = line > 0 && line < 1 << kLineBits ? static_cast<uint64_t>(line) : 0;
  return (kept << kLineBits | number) << 1 | 1;
}

DeadCode describe_dead(Address code) noexcept {
  const uint64_t kept = code >> (kLineBits + 1);
  const char* function = kept != 0 ? words + kept : "code that is gone";
  return {function, kept != 0 ? function + strlen(function) + 1 : "",
          static_cast<uint32_t>(code >> 1) & ((1u << kLineBits) - 1)};
}

}  // namespace reftally::python
