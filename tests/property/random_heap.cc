#include "tests/property/random_heap.h"

#include <numeric>
#include <string>

namespace reftally {
namespace {

bool one_in(Random& random, uint32_t n) { return random() % n == 0; }

std::pair<ReferenceKind, Certainty> random_kind(Random& random, bool counted) {
  if (!counted)
    return one_in(random, 3) ? std::pair(ReferenceKind::kStrong, Certainty::kExact)
                             : std::pair(ReferenceKind::kRaw, Certainty::kConservative);
  switch (random() % 10) {
    case 0:
      return {ReferenceKind::kWeak, Certainty::kExact};
    case 1:
      return {ReferenceKind::kRaw, Certainty::kConservative};
    case 2:
      return {ReferenceKind::kAmbiguous, Certainty::kConservative};
    case 3:
      return {ReferenceKind::kStrong, Certainty::kCounted};
    default:
      return {ReferenceKind::kStrong, Certainty::kExact};
  }
}

}  // namespace

RandomHeap::RandomHeap(Random& random) {
  const uint32_t count = 1 + random() % 9;
  const uint32_t kinds = 1 + random() % 4;  // of types; few types make equal shapes
  objects.resize(count);
  std::vector<uint8_t> counted(count);
  for (uint32_t i = 0; i < count; i++) {
    counted[i] = !one_in(random, 4);
    objects[i].size = 1 + random() % 64;
    objects[i].strong_count = counted[i] ? 0 : kUncounted;
    objects[i].flavour = counted[i] ? FlavourId::kSharedPtr : FlavourId::kBlock;
    objects[i].birth_order = one_in(random, 3) ? 0 : 1 + random() % 20;
    if (one_in(random, 40)) objects[i].flags = dump::kObjectImmortal;
    if (one_in(random, 12)) objects[i].flags |= dump::kObjectReleased;
    type.push_back(static_cast<int>(random() % kinds));
  }
  const uint32_t reference_count = random() % (2 * count + 2);
  for (uint32_t i = 0; i < reference_count; i++) {
    const uint32_t from = random() % count, to = random() % count;
    const auto [kind, certainty] = random_kind(random, counted[to]);
    references.push_back({from, to, static_cast<int>(random() % 3), kind, certainty});
    if (counted[to] && pays_for_count(kind, certainty)) objects[to].strong_count++;
    if (counted[to] && (kind == ReferenceKind::kWeak || one_in(random, 8))) objects[to].weak_count++;
  }
  const uint32_t root_count = random() % 3;
  for (uint32_t i = 0; i < root_count; i++) {
    const uint32_t to = random() % count;
    const auto [kind, certainty] = random_kind(random, counted[to]);
    roots.push_back({to, static_cast<RootKind>(1 + random() % 7), kind, certainty});
    if (counted[to] && pays_for_count(kind, certainty)) objects[to].strong_count++;
  }
  for (uint32_t i = 0; i < count; i++)
    if (counted[i] && one_in(random, 6)) objects[i].strong_count += static_cast<int64_t>(random() % 4) - 1;
  for (HeapBuilder::Object& object : objects)
    if (object.flavour == FlavourId::kSharedPtr && object.strong_count < 0) object.strong_count = 0;
  while (take_back_references_of_the_destroyed()) {
  }
}

// A destructor gives back what its object held; words are all that is left. True when that destroyed another.
bool RandomHeap::take_back_references_of_the_destroyed() {
  bool destroyed = false;
  for (Reference& reference : references) {
    if (objects[reference.from].strong_count != 0 || reference.kind == ReferenceKind::kRaw) continue;
    HeapBuilder::Object& to = objects[reference.to];
    if (to.strong_count > 0 && pays_for_count(reference.kind, reference.certainty)) destroyed |= --to.strong_count == 0;
    reference.kind = ReferenceKind::kRaw;
    reference.certainty = Certainty::kConservative;
  }
  return destroyed;
}

Heap RandomHeap::build(const std::vector<uint32_t>& place) const {
  HeapBuilder builder;
  std::vector<uint32_t> object_at(objects.size());
  for (uint32_t i = 0; i < objects.size(); i++) object_at[place[i]] = i;
  for (uint32_t i : object_at) {
    HeapBuilder::Object object = objects[i];
    object.address = 0x1000 * (uint64_t{builder.object_count()} + 1);
    object.type = builder.add_type(std::string("T") + static_cast<char>('0' + type[i]));
    builder.add_object(object);
  }
  for (const Reference& reference : references) {
    const std::string owner = std::string("T") + static_cast<char>('0' + type[reference.from]);
    const std::string path = std::string("m") + static_cast<char>('0' + reference.label) + "_";
    builder.add_reference({ObjectId{place[reference.from]}, ObjectId{place[reference.to]},
                           builder.add_label(owner, path), reference.kind, reference.certainty});
  }
  for (size_t i = 0; i < roots.size(); i++)
    builder.add_root({ObjectId{place[roots[i].to]}, roots[i].kind, roots[i].reference, roots[i].certainty,
                      builder.intern(std::string("r") + static_cast<char>('0' + i))});
  return std::move(builder).build();
}

Heap RandomHeap::build() const {
  std::vector<uint32_t> place(objects.size());
  std::iota(place.begin(), place.end(), 0u);
  return build(place);
}

}  // namespace reftally
