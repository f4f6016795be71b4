// The columns of the walk, written at the end of it: objects, types, names, notes.
#include "runtime/python/births.h"
#include "runtime/python/names.h"
#include "runtime/python/pools.h"
#include "runtime/python/walk.h"

namespace reftally::python {

uint64_t bytes_before(Address type, bool collected) noexcept {
  if (python.at_least(11) && (type_flags(type) & (kFlagManagedDict | kFlagManagedWeakref)) != 0) return 32;
  return collected ? kCollectorHeader : 0;
}

// Types whose freed objects CPython keeps and hands out again without an allocation: the block's birth is that of an
// earlier object. A list has its items' block, which is of its own time.
uint32_t Walk::birth_of(size_t i) noexcept {
  const Address address = object(i), type = type_of(address);
  const auto& types = python.types;
  if (!births_are_recorded() || (objects_[i].flags & dump::kObjectStatic) != 0) return 0;
  if (type == types.tuple || type == types.dict || type == types.floating || type == types.frame) return 0;
  if (type == types.list) {
    const Address items = pointer_at(address + kListItems);
    return items != 0 ? birth_of_block(items) : 0;
  }
  return birth_of_block(address - bytes_before(type, types_[objects_[i].type].collected));
}

// Rows after the last type: keys tables, then blocks by size.
dump::DeclaredObject Walk::described_uncounted(size_t i, BirthWriter& births) noexcept {
  dump::DeclaredObject record{};
  record.address = object(i);
  record.flags = objects_[i].flags & ~kWalkBits;
  if (is_block(i)) {
    record.size = block_size(i);
    record.type = types_.count() + static_cast<uint32_t>(record.size / kBlockStep);
    record.call_stack = births.node_of(birth_of_block(record.address));
  } else {
    record.size = DictEntries(record.address).end - record.address;
    record.type = types_.count();
  }
  return record;
}

// All of them before any __sizeof__ is called: one that looks up an attribute makes the method cache give up a name.
void Walk::read_counts(Column<int64_t>& counts) noexcept {
  counts.reserve(objects_.size());
  for (size_t i = 0; i < objects_.size(); i++) counts.push(is_uncounted(i) ? 0 : count_of(object(i)));
}

void Walk::write_objects() noexcept {
  BirthWriter births;
  Column<int64_t> counts;
  read_counts(counts);
  writer_.begin(dump::kTagDeclaredObjects, sizeof(dump::DeclaredObject));
  for (size_t i = 0; i < objects_.size(); i++) {
    const Object& object = objects_[i];
    dump::DeclaredObject record{};
    record.address = object.address;
    record.flags = object.flags & ~kWalkBits;
    if (is_uncounted(i)) {
      record = described_uncounted(i, births);
    } else {
      record.type = object.type;
      record.strong_count = counts[i];
      record.size = guarded_size(i);
      record.call_stack = births.node_of(birth_of(i));
    }
    writer_.add(record);
  }
  writer_.end();
  births.write(writer_);
  write_types();
  write_names();
}

// A C function of a type is called for the size: it may fault in an object that is half made.
uint64_t Walk::guarded_size(size_t i) noexcept {
  if (types_[objects_[i].type].size_function == 0) return size_of(object(i), type(i));
  FaultGuard::arm(true);
  if (sigsetjmp(FaultGuard::return_point(), 1) != 0) {
    faults_++;
    types_.forget_size_function(objects_[i].type);
  }
  const uint64_t size = size_of(object(i), type(i));
  FaultGuard::arm(false);
  return size;
}

void Walk::write_types() noexcept {
  writer_.begin(dump::kTagDeclaredTypes, sizeof(dump::DeclaredType));
  const dump::StringRef flavour = writer_.string("python");
  for (uint32_t i = 0; i < types_.count(); i++) {
    char buffer[512];
    runtime::Text text(buffer, sizeof buffer);
    type_name(types_[i].type, text);
    dump::DeclaredType record{};
    record.address = types_[i].type;
    record.name = writer_.string(buffer, text.size());
    record.flavour = flavour;
    record.flags = types_[i].flags;
    writer_.add(record);
  }
  dump::DeclaredType keys{};
  keys.name = writer_.string("shared keys");
  keys.flavour = flavour;
  writer_.add(keys);
  write_block_types(flavour);
  writer_.end();
}

// Of all sizes, where there is any block.
void Walk::write_block_types(dump::StringRef flavour) noexcept {
  bool any = false;
  for (size_t i = objects_.size(); i-- > 0 && !any;) any = is_block(i);
  for (uint64_t size = kBlockStep; any && size <= kLargestBlock; size += kBlockStep) {
    char buffer[32];
    runtime::Text text(buffer, sizeof buffer);
    text.add("block of ").add(size).add(" bytes");
    dump::DeclaredType record{};
    record.name = writer_.string(buffer, text.size());
    record.flavour = flavour;
    writer_.add(record);
  }
}

void Walk::write_names() noexcept {
  writer_.begin(dump::kTagDeclaredNames, sizeof(dump::DeclaredName));
  for (size_t i = 0; i < objects_.size(); i++) {
    if (is_uncounted(i)) continue;
    char buffer[512];
    runtime::Text text(buffer, sizeof buffer);
    ObjectName found = describe_object(object(i), type(i), text);
    if (const Address* variable = type(i).type == python.types.cell ? cell_names_.find(object(i)) : nullptr)
      found.known = add_text(text, *variable);
    if (!found.known || text.size() == 0) continue;
    dump::DeclaredName record{};
    record.object = static_cast<uint32_t>(i);
    record.line = found.line;
    record.name = writer_.string(buffer, text.size());
    if (found.file != 0) record.file = key_name(found.file, false);
    writer_.add(record);
  }
  writer_.end();
}

void Walk::write_collector() noexcept {
  const Layout& layout = *python.layout;
  const Address state = python.PyInterpreterState_Get();
  writer_.begin(dump::kTagCollector, sizeof(dump::CollectorGeneration));
  for (uint64_t i = 0; i < 3; i++) {
    const Address generation = state + static_cast<uint64_t>(layout.gc_generations) + 24 * i;
    const Address stats = state + static_cast<uint64_t>(layout.gc_stats) + 24 * i;
    dump::CollectorGeneration record{};
    record.enabled = read<int32_t>(state + static_cast<uint64_t>(layout.gc_enabled)) != 0;
    record.threshold = read<uint32_t>(generation + 16);
    record.count = read<uint32_t>(generation + 20);
    record.collections = read<uint64_t>(stats);
    record.collected = read<uint64_t>(stats + 8);
    record.uncollectable = read<uint64_t>(stats + 16);
    writer_.add(record);
  }
  writer_.end();
}

void Walk::write_notes() noexcept {
  writer_.begin(dump::kTagNotes, sizeof(dump::NoteRecord));
  char buffer[160];
  runtime::Text text(buffer, sizeof buffer);
  text.add("CPython ").add(python.version);
  writer_.add(dump::NoteRecord{dump::NoteKind::kInfo, 0, writer_.string(buffer, text.size())});
  if (faults_ != 0) {
    runtime::Text fault(buffer, sizeof buffer);
    fault.add("tp_traverse or __sizeof__ of ")
        .add(faults_)
        .add(" objects failed: their references or sizes are missing");
    writer_.add(dump::NoteRecord{dump::NoteKind::kWarning, 0, writer_.string(buffer, fault.size())});
  }
  writer_.end();
}

}  // namespace reftally::python
