#include "runtime/core/told_objects.h"

#include <cstring>
#include <new>

#include "runtime/core/live_table.h"
#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/system.h"
#include "runtime/core/told_types.h"
#include "runtime/core/visitor_guard.h"

namespace reftally::runtime {
namespace {

// By address of the object, which a shadow of 16 bytes a slot tells apart: as the table of live blocks, with the number
// of its type for a stack, and for size and birth what tells the block it lies in from others. A block that is freed is
// not told of here; one born later at the same place has another birth or, where both were born in one tick of that
// clock, hardly the same size and birth stack.
constexpr uint32_t kSpacing = 16;
constexpr uint32_t kMaxToldReferences = 1u << 24;  // by one object
std::atomic<LiveTable*> table{nullptr};
std::atomic<uint64_t> shared_block{0};  // address of the last one that did not begin with the object told

// Nobody tells of types in most programs. Where two threads come at once, one has reserved for nothing.
LiveTable* objects_or_made() noexcept {
  LiveTable* known = table.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  void* const memory = map_memory(sizeof(LiveTable));
  LiveTable* const fresh = memory != nullptr ? new (memory) LiveTable : nullptr;
  if (fresh == nullptr || !fresh->create(kSpacing)) return nullptr;
  return table.compare_exchange_strong(known, fresh) ? fresh : known;
}

bool is_inside(uint64_t address, const LiveBlock& block) noexcept { return address - block.address < block.size; }

bool find_block(uint64_t address, LiveBlock& block) noexcept {
  return recorder.live.find(address, block) || (recorder.live.find_around(address, block) && is_inside(address, block));
}

// The same; a big block that many objects share is not looked for each time.
bool find_block_of_new(uint64_t address, LiveBlock& block) noexcept {
  if (recorder.live.find(address, block)) return true;
  const uint64_t last = shared_block.load(std::memory_order_relaxed);
  if (last != 0 && recorder.live.find(last, block) && is_inside(address, block)) return true;
  if (!find_block(address, block)) return false;
  shared_block.store(block.address, std::memory_order_relaxed);
  return true;
}

uint64_t marks_of(const LiveBlock& block) noexcept {
  constexpr uint64_t kSizeBits = 13;  // of the 37 that an entry has
  return uint64_t{block.stack} << kSizeBits | (block.size & ((1u << kSizeBits) - 1));
}

template <class Visit>  // visit(address, type) for each object that is there, by address
void for_each_object(Visit visit) noexcept {
  LiveBlock block{};
  table.load()->for_each([&](const LiveBlock& object) {
    ToldTypeRow* const type = told_type(object.stack);
    if (type == nullptr || (!is_inside(object.address, block) && !find_block(object.address, block))) return;
    if (object.birth != block.birth || object.size != marks_of(block)) return;
    const uint64_t room = block.address + block.size - object.address;
    if (type->told.count_offset + type->told.count_size > room || type->told.size > room) return;
    visit(object.address, *type, object.stack);
  });
}

struct Telling {
  dump::Writer* writer;
  uint32_t object;
  uint32_t references;
};

// Names are few and stay, and references may be millions: each name is written once, or not much oftener.
dump::StringRef name_of(const char* name, size_t length, dump::Writer& writer) noexcept {
  constexpr size_t kKept = 256;
  static struct {
    const char* name;
    dump::StringRef text;
  } kept[kKept];
  auto& known = kept[reinterpret_cast<uint64_t>(name) % kKept];
  if (known.name != name) known = {name, writer.string(name, length)};
  return known.text;
}

void on_reference(void* context, const void* place, const void* target, unsigned kind, const char* name) {
  constexpr size_t kLongestName = 200;
  if (kind < REFTALLY_STRONG || kind > REFTALLY_OWNED) return;
  Telling& telling = *static_cast<Telling*>(context);
  const size_t length = name != nullptr ? strnlen(name, kLongestName) : 0;  // where a bad one may crash
  if (++telling.references > kMaxToldReferences) VisitorGuard::give_up();
  VisitorGuard::Pause pause;  // what is half written must become whole
  dump::ToldReference record{};
  record.object = telling.object;
  record.kind = static_cast<dump::ToldFieldKind>(kind);
  record.target = reinterpret_cast<uint64_t>(target);
  record.place = reinterpret_cast<uint64_t>(place);
  if (length != 0) record.name = name_of(name, length, *telling.writer);
  telling.writer->add(record);
}

bool any_visitor() noexcept {
  for (uint32_t number = 1; number <= kMaxToldTypes; number++)
    if (const ToldTypeRow* row = told_type(number); row != nullptr && row->told.visitor != nullptr) return true;
  return false;
}

void write_visited(dump::Writer& writer, Troubles& troubles) noexcept {
  if (!any_visitor()) return;
  VisitorGuard guard;
  if (!guard.install())
    troubles.add("visitors of reftally.h were not called: the program has given up rights, or could not be copied");
  uint32_t number = 0;
  writer.begin(dump::kTagToldReferences, sizeof(dump::ToldReference));
  for_each_object([&](uint64_t address, ToldTypeRow& type, uint32_t) {
    Telling telling{&writer, number++, 0};
    if (type.told.visitor == nullptr || type.is_incomplete) return;
    if (guard.call(type.told.visitor, reinterpret_cast<const void*>(address), on_reference, &telling)) return;
    type.is_incomplete = true;
    troubles.add("a visitor of reftally.h crashed, took too long or told too much, and was given up");
  });
  writer.end();
  guard.remove();
}

}  // namespace

void tell_object(const void* object, const reftally_type* type) noexcept {
  const auto address = reinterpret_cast<uint64_t>(object);
  if (type == nullptr) {
    if (LiveTable* const known = table.load(std::memory_order_acquire)) known->remove(address);
    return;
  }
  if (address % 8 != 0) return;  // malloc gives none, and the table cannot tell it
  ReentryGuard guard;
  LiveBlock block{};
  if (!find_block_of_new(address, block)) return;
  LiveTable* const objects = objects_or_made();
  const uint32_t number = objects != nullptr ? told_type_number(type) : 0;
  if (number != 0) objects->add(address, marks_of(block), number, block.birth);
}

bool is_told_in_history(uint64_t object) noexcept {
  LiveBlock found{};
  const LiveTable* const objects = table.load(std::memory_order_acquire);
  if (objects == nullptr || !objects->find(object, found)) return false;
  const ToldTypeRow* const type = told_type(found.stack);
  return type != nullptr && type->is_in_history;
}

void write_told_objects(dump::Writer& writer, Troubles& troubles) noexcept {
  if (table.load() == nullptr) return;
  writer.begin(dump::kTagToldObjects, sizeof(dump::ToldObject));
  for_each_object([&](uint64_t address, const ToldTypeRow& type, uint32_t number) {
    writer.add(dump::ToldObject{address, type.count_of(address), number - 1, 0});
  });
  writer.end();
  write_visited(writer, troubles);
  write_told_types(writer);
}

}  // namespace reftally::runtime
