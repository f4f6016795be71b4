#include "runtime/python/word_scan.h"

#include "runtime/core/system.h"
#include "runtime/dump/unaligned_words.h"
#include "runtime/python/names.h"
#include "runtime/python/pools.h"
#include "runtime/python/scanned_memory.h"
#include "runtime/python/static_tables.h"

namespace reftally::python {
namespace {

constexpr size_t kMaxHits = 4u << 20;
constexpr uint32_t kListedBeyondMissing = 8;  // words kept for one object, besides one for each missing reference
constexpr uint64_t kTextOffset = 48;          // of an ASCII string's or a bytes object's text, at most

// numpy keeps the docstrings it hands out as char pointers alive for ever, and by nothing else.
Address text_address(Address object) noexcept {
  if (type_of(object) == python.types.bytes) return object + 32;
  if (type_of(object) != python.types.str) return 0;
  constexpr uint32_t kCompactAscii = 3u << 5;
  if ((read<uint32_t>(object + 32) & kCompactAscii) != kCompactAscii) return 0;
  return object + (python.at_least(12) ? 40 : kTextOffset);
}

uint64_t at(int32_t offset) { return static_cast<uint64_t>(offset); }

bool is_private_and_written(const runtime::Mapping& mapping) noexcept {
  return (mapping.flags & dump::kMapWrite) != 0 && (mapping.flags & dump::kMapShared) == 0;
}

const char* base_name(const char* path) noexcept {
  const char* slash = strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

}  // namespace

void WordScan::collect_missing() noexcept {
  for (size_t i = 0; i < walk_.object_count(); i++) {
    const int64_t count = walk_.missing(i);
    if (count <= 0) continue;
    const Address address = walk_.object(i);
    missing_[address] = {address, count < INT32_MAX ? static_cast<uint32_t>(count) : INT32_MAX, 0};
    if (const Address text = text_address(address)) missing_[text].object = address;
    if (address < lowest_) lowest_ = address;
    if (address + kTextOffset > highest_) highest_ = address + kTextOffset;
  }
}

void WordScan::scan(Address begin, Address end) noexcept {
  const uint64_t span = highest_ - lowest_ + 1;
  auto look_at = [&](Address place, Address word) {
    const Missing* missing = missing_.find(word);
    if (missing != nullptr && hits_.size() < kMaxHits) hits_.push({place, missing->object, In::kUnknown, 0});
  };
  Address before = 0;
  for (Address place = begin; place < end; place += 8) {
    const Address word = pointer_at(place);
    dump::for_each_unaligned(before, word, lowest_, span,
                             [&](uint64_t offset, Address found) { look_at(place - 8 + offset, found); });
    before = word;
    if (word - lowest_ < span && (word & 7) == 0) look_at(place, word);
  }
}

// ---- what a hit lies in

void WordScan::mark(Address begin, Address end, In in, uint32_t holder) noexcept {
  size_t low = hits_.partition_point([&](const auto& row) { return row.place < begin; });
  for (; low < hits_.size() && hits_[low].place < end; low++) {
    hits_[low].in = in;
    hits_[low].holder = holder;
  }
}

// Storage out of line, of which every reference is known.
void WordScan::mark_tables(size_t i) noexcept {
  const Address object = walk_.object(i), type = type_of(object);
  const uint64_t flags = type_flags(type);
  if ((flags & kFlagDict) != 0) {
    const Address keys = pointer_at(object + kDictKeys), values = pointer_at(object + kDictValues);
    const DictEntries entries(keys);
    mark(keys, entries.end, In::kExplained, 0);
    if (values != 0) mark(values, first_value(values) + 8 * entries.capacity(), In::kExplained, 0);
  } else if ((flags & kFlagList) != 0) {
    const Address items = pointer_at(object + kListItems);
    if (items != 0) mark(items, items + 8 * read<uint64_t>(object + kListAllocated), In::kExplained, 0);
  } else if (type == python.types.set || type == python.types.frozenset) {
    const Address table = pointer_at(object + kSetTable);
    mark(table, table + 16 * (read<uint64_t>(object + kSetMask) + 1), In::kExplained, 0);
  }
  if (!python.at_least(11)) return;
  if (const Address values = inline_values(object, type)) {
    const DictEntries entries(pointer_at(type + at(python.layout->ht_cached_keys)));
    mark(values, first_value(values) + 8 * entries.capacity(), In::kExplained, 0);
  }
}

void WordScan::mark_object(size_t i) noexcept {
  const Address object = walk_.object(i);
  if (walk_.is_block(i)) {
    mark(object, object + walk_.block_size(i), In::kBody, static_cast<uint32_t>(i));
    return;
  }
  if (walk_.is_uncounted(i)) {
    mark(object, DictEntries(object).end, In::kStruct, static_cast<uint32_t>(i));
    return;
  }
  const TypeInfo& type = walk_.type(i);
  const uint64_t before = bytes_before(type.type, type.collected);
  const bool whole = type.shape != Shape::kInstance || type.understood >= body_size(object, type.type);
  mark(object - before, object + (whole ? body_size(object, type.type) : type.understood), In::kStruct,
       static_cast<uint32_t>(i));
  if (!whole) {
    mark(object + type.understood, object + body_size(object, type.type), In::kBody, static_cast<uint32_t>(i));
    if (type.weak_list_offset > 0) {
      const Address list = object + static_cast<uint64_t>(type.weak_list_offset);
      mark(list, list + 8, In::kExplained, 0);
    }
  }
  // tp_doc of a type may point into a string that is kept alive for it.
  if (type.shape == Shape::kType) mark(object + kTypeDoc, object + kTypeDoc + 8, In::kBody, static_cast<uint32_t>(i));
  mark_tables(i);
}

// A body's words that are references we know already: as many hits as the object has references to that target.
void WordScan::drop_known_references() noexcept {
  for (size_t i = 0; i < hits_.size(); i++) {
    if (hits_[i].in != In::kBody || walk_.is_block(hits_[i].holder)) continue;
    const uint32_t holder = hits_[i].holder;
    const Column<OwnedReference>& references = walk_.references(holder);
    size_t end = i;
    while (end < hits_.size() && hits_[end].in == In::kBody && hits_[end].holder == holder) end++;
    for (const OwnedReference& reference : references) {
      if (reference.out_of_line) continue;
      for (size_t k = i; k < end; k++) {
        if (hits_[k].target != reference.to || hits_[k].in != In::kBody) continue;
        hits_[k].in = In::kExplained;
        break;
      }
    }
    i = end - 1;
  }
}

// No reference in a known field leads to what was found in a pool: such a word is a pointer of another kind, to memory
// that belongs to the object and only looks like one itself.
void WordScan::explain_structs() noexcept {
  for (Hit& hit : hits_) {
    if (hit.in != In::kStruct) continue;
    const Walk::Entry* entry = walk_.find(hit.target);
    hit.in = walk_.is_unreached(entry->index - 1) && entry->owned == 0 ? In::kBody : In::kExplained;
  }
}

// The dictionary of interned strings holds each as key and as value and counts neither: two equal words side by side.
void WordScan::drop_interned_table() noexcept {
  for (size_t i = 0; i + 1 < hits_.size(); i++) {
    Hit &key = hits_[i], &value = hits_[i + 1];
    if (key.in != In::kUnknown || value.in != In::kUnknown) continue;
    if (key.target != value.target || value.place != key.place + 8) continue;
    // Cython keeps a name as bytes and as text in static variables side by side; both are owned.
    if (type_of(key.target) == python.types.str && !walk_.is_static(key.place)) key.in = value.in = In::kExplained;
  }
}

// What a frame under way may have in hand is all that is known to hold an object while a call is being prepared.
void WordScan::mark_frames() noexcept {
  for (const FrameWords::Range& range : frames_.dead()) mark(range.begin, range.end, In::kExplained, 0);
  for (const FrameWords::Range& range : frames_.in_hand()) mark(range.begin, range.end, In::kBody, range.frame);
}

void WordScan::classify() noexcept {
  for (size_t i = 0; i < walk_.object_count(); i++) mark_object(i);
  explain_structs();
  drop_known_references();
  drop_interned_table();
  const Layout& layout = *python.layout;
  const Address state = python.PyInterpreterState_Get();
  auto explain = [&](Address begin, uint64_t size) { mark(begin, begin + size, In::kExplained, 0); };
  for (const Field& field : layout.interpreter_fields) explain(state + at(field.offset), 8 * at(field.count));
  if (layout.method_cache != kAbsent) explain(state + at(layout.method_cache), 24 * at(layout.method_cache_size));
  for (const Field& field : layout.dead_fields) explain(state + at(field.offset), 8 * at(field.count));
  mark_frames();
  for (const dump::DeclaredRoot& root : walk_.roots())
    if (root.place != 0 && root.counted != 0) explain(root.place, 8);
}

// ---- what is said of a hit

bool WordScan::is_free_block(Address place, const runtime::Mapping& mapping, uint64_t& block_size,
                             Address& block) noexcept {
  const uint64_t pool_size = pool_shape().size;
  const Address begin = place & ~(pool_size - 1);
  Pool pool;
  if (begin < mapping.begin || begin + pool_size > mapping.end || !read_pool(begin, pool)) return false;
  if (place < begin + kPoolHeader) return true;
  block = place - (place - begin - kPoolHeader) % pool.block_size();
  block_size = pool.block_size();
  return pool.live == 0 || !is_live_block(pool, block);
}

bool WordScan::describe(const Hit& hit, runtime::Text& out, dump::RootKind& kind) noexcept {
  const Address state = python.PyInterpreterState_Get();
  kind = dump::RootKind::kExternal;
  if (hit.place >= state && hit.place < state + at(python.layout->interpreter_size)) {
    out.add("interpreter state + ").add(hit.place - state);
    return true;
  }
  const StaticPlace place = describe_static_place(modules_, hit.place, out);
  if (place == StaticPlace::kDescribed) kind = dump::RootKind::kStatic;
  if (place != StaticPlace::kNone) return place == StaticPlace::kDescribed;
  const runtime::Mapping* mapping = map_.find(hit.place);
  if (mapping == nullptr) return false;
  uint64_t size = 0;
  Address block = 0;
  if (mapping->path[0] != '[' && is_free_block(hit.place, *mapping, size, block)) return false;
  if (free_chunks_.contains(hit.place)) return false;
  if (size != 0) {
    out.add("block of ").add(size).add(" bytes, + ").add(hit.place - block);
    return true;
  }
  if (strncmp(mapping->path, "[stack", 6) == 0) kind = dump::RootKind::kStack;
  if (kind == dump::RootKind::kStack)
    out.add("C stack");
  else if (mapping->path[0] == '[')
    out.add("C heap");
  else
    out.add(mapping->path[0] != '\0' ? base_name(mapping->path) : "memory of C code");
  return true;
}

void WordScan::report(const Hit& hit) noexcept {
  Missing* missing = missing_.find(hit.target);
  if (missing->listed >= missing->count + kListedBeyondMissing) return;
  char buffer[256];
  runtime::Text text(buffer, sizeof buffer);
  if (hit.in == In::kBody) {
    missing->listed++;
    walk_.write_word(hit.holder, hit.target, hit.place - walk_.object(hit.holder));
    return;
  }
  dump::RootKind kind;
  if (!describe(hit, text, kind)) return;
  missing->listed++;
  walk_.add_root(hit.target, kind, false, walk_.writer().string(buffer, text.size()), hit.place);
}

void WordScan::run(Address stack_limit) noexcept {
  collect_missing();
  if (missing_.size() == 0) return;
  hits_.reserve(kMaxHits);  // nothing of ours may move once mappings are read
  free_chunks_.reserve();
  if (!map_.read()) return;
  for (uint32_t i = 0; i < map_.count(); i++)
    if (strcmp(map_[i].path, "[heap]") == 0) free_chunks_.find(map_[i].begin, map_[i].end);
  scan_memory(map_, stack_limit, is_private_and_written, [&](Address begin, Address end) { scan(begin, end); });
  classify();
  walk_.writer().begin(dump::kTagDeclaredReferences, sizeof(dump::DeclaredReference));
  for (const Hit& hit : hits_)
    if (hit.in != In::kExplained) report(hit);
  walk_.writer().end();
}

}  // namespace reftally::python
