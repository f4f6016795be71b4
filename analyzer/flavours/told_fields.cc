#include "analyzer/flavours/told_fields.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace reftally {

namespace {

class Teller {
 public:
  Teller(ToldFields& parts, DraftReferences& found)
      : parts_(parts), told_(parts.image.declared), found_(found), labels_(told_.told_fields.size()) {}

  std::vector<bool> run() {
    if (told_.told_objects.empty()) return {};
    std::vector<bool> complete(parts_.counted.objects.size());
    name_finalizers();
    for (const dump::ToldObject& row : told_.told_objects) {
      const HolderId holder = holder_of(row);
      if (holder == kNoHolder) continue;
      const dump::ToldType& type = told_.told_types[row.type];
      bool is_complete = (type.flags & dump::kToldIncomplete) == 0;
      for (uint32_t i = 0; i < type.field_count; ++i) is_complete &= tell_field(holder, type, type.first_field + i);
      complete[holder] = is_complete;
    }
    for (const dump::ToldReference& row : told_.told_references) tell_visited(row);
    for (HolderId holder = 0; holder < complete.size(); ++holder)
      if (complete[holder]) parts_.states.bury(object(holder).address, object(holder).end);
    return complete;
  }

 private:
  const CountedObject& object(HolderId holder) const { return parts_.counted.objects[holder]; }
  uint64_t word(uint64_t address) const { return parts_.image.word(address).value_or(0); }

  HolderId holder_of(const dump::ToldObject& row) const {
    const uint32_t holder = parts_.counted.at(row.address);
    return holder != CountedObjects::kNone && object(holder).flavour == FlavourId::kDeclared ? holder : kNoHolder;
  }

  void name_finalizers() {
    std::vector<bool> named(told_.told_types.size());
    for (const dump::ToldObject& row : told_.told_objects) {
      const dump::ToldType& type = told_.told_types[row.type];
      const HolderId holder = holder_of(row);
      if (holder == kNoHolder || named[row.type] || type.finalizer == 0) continue;
      named[row.type] = true;
      const std::string name = demangle(parts_.types.symbol_at(type.finalizer));
      if (!name.empty()) parts_.builder.set_finalizer(parts_.naming.type_of(holder), name);
    }
  }

  // How many elements there are, of as many as there is room for; nothing where the object's number was not kept.
  std::optional<uint64_t> length_of(HolderId holder, const dump::ToldField& field, uint64_t room) const {
    if (field.length_size == 0) return field.length != 0 ? std::min(field.length, room) : room;
    const uint64_t at = object(holder).address + field.length_offset, size = field.length_size;
    if (size > 8 || (at & 7) + size > 8 || field.length_offset + size > object(holder).end - object(holder).address)
      return std::nullopt;
    const auto whole = parts_.image.word(at & ~uint64_t{7});
    if (!whole) return std::nullopt;
    uint64_t length = 0;
    std::memcpy(&length, reinterpret_cast<const char*>(&*whole) + (at & 7), size);
    return std::min(length, room);
  }

  // False where it cannot be told what the field holds.
  bool tell_field(HolderId holder, const dump::ToldType& type, uint32_t row) {
    const dump::ToldField& field = told_.told_fields[row];
    const uint64_t begin = object(holder).address + field.offset, end = object(holder).end;
    if (field.offset >= end - object(holder).address) return true;
    switch (field.array) {
      case dump::ToldFieldArray::kOne:
        tell_word(holder, begin, end, field.kind, label(type, row), kNoElement);
        return true;
      case dump::ToldFieldArray::kInside:
        return tell_elements(holder, begin, end, field, label(type, row));
      case dump::ToldFieldArray::kAllocated:
        return tell_storage(holder, begin, field, label(type, row));
    }
    return false;  // of a later version
  }

  bool tell_storage(HolderId holder, uint64_t at, const dump::ToldField& field, LabelId label) {
    const uint64_t begin = word(at), inside = begin - object(holder).address;
    if (inside < object(holder).end - object(holder).address)  // as long as it is short
      return tell_elements(holder, begin, object(holder).end, field, label);
    const uint32_t block = begin ? parts_.image.block_at(begin) : Image::kNoBlock;
    if (block == Image::kNoBlock || !take_block(holder, block, begin)) return begin == 0;
    parts_.states.explain(at);
    const uint64_t end = parts_.image.blocks[block].address + parts_.image.blocks[block].size;
    if (!tell_elements(holder, begin, end, field, label)) return false;
    parts_.states.bury(begin, end);
    return true;
  }

  // By the words that there are: a dump may say anything of a block's size.
  bool tell_elements(HolderId holder, uint64_t begin, uint64_t end, const dump::ToldField& field, LabelId label) {
    const uint64_t stride = std::max<uint64_t>(field.stride, 1);
    const auto length = length_of(holder, field, (end - begin) / stride);
    if (!length) return false;
    parts_.image.for_each_word(begin, begin + *length * stride, [&](uint64_t at, uint64_t) {
      const uint64_t element = (at - begin) / stride;
      if ((at - begin) % stride == field.element_offset)
        tell_word(holder, at, end, field.kind, label, static_cast<uint32_t>(element % kElementText));
    });
    return true;
  }

  void tell_word(HolderId holder, uint64_t at, uint64_t end, dump::ToldFieldKind kind, LabelId label,
                 uint32_t element) {
    if (at % 8 != 0 || at + 8 > end || word(at) == 0) return;
    const uint64_t target = word(at);
    if (kind == dump::ToldFieldKind::kOwned) {
      const uint32_t block = parts_.image.block_at(target);
      if (block != Image::kNoBlock && take_block(holder, block, target)) parts_.states.explain(at);
    } else if (parts_.holders.at(target) != kNoHolder && parts_.states.explain(at)) {
      add(holder, target, at, kind, label, element);
    }
  }

  // A block that goes with the object; not what others share or have.
  bool take_block(HolderId holder, uint32_t block, uint64_t begin) {
    if (parts_.image.blocks[block].address != begin || !parts_.holders.is_free(block)) return false;
    parts_.holders.give(block, holder);
    return true;
  }

  void tell_visited(const dump::ToldReference& row) {
    const dump::ToldObject& from = told_.told_objects[row.object];
    const HolderId holder = holder_of(from);
    if (holder == kNoHolder || row.target == 0) return;
    if (row.kind == dump::ToldFieldKind::kOwned) {
      const uint32_t block = parts_.image.block_at(row.target);
      if (block != Image::kNoBlock && take_block(holder, block, row.target) && row.place != 0)
        parts_.states.explain(row.place);
      return;
    }
    if (parts_.holders.at(row.target) == kNoHolder) return;
    if (row.place != 0 && !parts_.states.explain(row.place & ~uint64_t{7})) return;
    const std::string_view type = parts_.image.text(told_.told_types[from.type].name);
    add(holder, row.target, row.place, row.kind,
        parts_.builder.add_label(type, parts_.image.text(row.name), {}, kLabelDotted), kNoElement);
  }

  void add(HolderId from, uint64_t target, uint64_t place, dump::ToldFieldKind kind, LabelId label, uint32_t element) {
    const HolderId to = parts_.holders.at(target);
    const bool pays = !parts_.holders.is_counted(to) || counts_inside(object(to).flavour);
    const ReferenceKind reference = kind == dump::ToldFieldKind::kWeak ? ReferenceKind::kWeak
                                    : pays                             ? ReferenceKind::kStrong
                                                                       : ReferenceKind::kRaw;
    found_.push_back(DraftReference{from, to, element, label, reference, Certainty::kExact}, place);
  }

  LabelId label(const dump::ToldType& type, uint32_t row) {
    if (!labels_[row])
      labels_[row] = parts_.builder.add_label(parts_.image.text(type.name),
                                              parts_.image.text(told_.told_fields[row].name), {}, kLabelDotted);
    return *labels_[row];
  }

  ToldFields& parts_;
  const DeclaredFacts& told_;
  DraftReferences& found_;
  std::vector<std::optional<LabelId>> labels_;  // by field
};

}  // namespace

std::vector<bool> ToldFields::tell(DraftReferences& found) { return Teller(*this, found).run(); }

}  // namespace reftally
