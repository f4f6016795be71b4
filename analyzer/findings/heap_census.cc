#include "analyzer/findings/heap_census.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <string_view>

namespace reftally {
namespace {

uint64_t mix(uint64_t a, uint64_t b) {
  const uint64_t both[] = {a, b};
  return XXH3_64bits(both, sizeof(both));
}

uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

// In Python each class, module and function has a name of its own: "type app.Session" is one of the classes.
std::string_view kind_of(std::string_view type_name) {
  for (const std::string_view kind : {"type", "module", "function"})
    if (type_name.starts_with(kind) && type_name.substr(kind.size()).starts_with(' ')) return kind;
  return type_name;
}

struct HeapTypeTally {
  Tally* tally;       // several types may have one name
  uint64_t* of_kind;  // objects
  uint64_t name_hash, kind;
  bool is_weak_reference;
};

std::vector<HeapTypeTally> tallies_of(const Heap& heap, HeapCensus& census) {
  std::vector<HeapTypeTally> types;
  for (const HeapType& type : heap.types) {
    const std::string_view name = heap.text(type.name);
    const uint64_t kind = hash_of(kind_of(name));
    types.push_back(
        {&census.types[std::string(name)], &census.kinds[kind], hash_of(name), kind, is_weak_reference(name)});
  }
  return types;
}

// The kind that more than half of the objects have, if one has: R. S. Boyer, J S. Moore, MJRTY (1991).
void add_to(HeldAt& place, ObjectId object, uint64_t bytes, uint64_t kind) {
  place.held.objects++;
  place.held.bytes += bytes;
  if (place.lead == 0) {
    place.type = kind;
    place.example = object;
  }
  place.type == kind ? place.lead++ : place.lead--;
}

// By the names of roots: "thread 3, frame serve (app.py:10), local self", "thread 3 (worker), stack of …".
uint64_t threads_at_work(const Heap& heap) {
  constexpr std::string_view kThread = "thread ";
  std::vector<std::string_view> threads;
  for (const HeapRoot& root : heap.roots) {
    const std::string_view name = heap.text(root.name);
    if (is_passing(root.kind) && name.starts_with(kThread))
      threads.push_back(name.substr(0, name.find_first_of(" ,", kThread.size())));
  }
  std::sort(threads.begin(), threads.end());
  return static_cast<uint64_t>(std::unique(threads.begin(), threads.end()) - threads.begin());
}

// Of a reference's member or a root's name, up to the container: "routes_" of "routes_[].handler_". A dict's keys are
// in the container that its values are in.
uint64_t container_of(uint64_t holder, std::string_view path) {
  constexpr std::string_view kKey = "key of ";
  if (path.starts_with(kKey)) path.remove_prefix(kKey.size());
  return mix(holder, hash_of(path.substr(0, path.find('['))));
}

// Addresses of user space have 47 bits; as much of the type as goes with them.
uint64_t whereabouts_key(uint64_t address, uint64_t type_hash) {
  constexpr int kAddressBits = 47;
  return address ^ type_hash << kAddressBits;
}

void count_storage(const Heap& heap, const std::vector<uint64_t>& signature, HeapCensus& census) {
  for (const HeapStorage& row : heap.storage) {
    const uint64_t holder = signature[index(row.owner)];
    if (holder == 0) continue;  // no path
    const HeapLabel& member = heap.labels[index(row.member)];
    StoredAt& storage = census.storage[mix(container_of(holder, heap.text(member.path)), 1)];
    storage.bytes += row.bytes;
    // What a variable holds is no object of the program's: its name is the root's.
    storage.holder = heap.text(member.owner).empty() ? 0 : holder;
    storage.container = container_of(storage.holder, heap.text(member.path));
    storage.example = row.owner;
    storage.member = row.member;
  }
}

}  // namespace

bool is_weak_reference(std::string_view type_name) {
  return type_name == "weakref" || type_name.starts_with("weakref.");
}

HeapCensus take_census(const Heap& heap, RetainingPaths& paths) {
  HeapCensus census;
  const std::vector<uint64_t> signature = paths.signatures(Follow::kOwners);
  const std::vector<HeapTypeTally> types = tallies_of(heap, census);
  std::vector<bool> below_cache(heap.object_count(), false);
  paths.for_each_held(Follow::kOwners, [&](ObjectId object, ObjectId from, uint64_t by) {
    const uint32_t at = index(object);
    below_cache[at] = from == kNoObject ? heap.roots[by].kind == RootKind::kCache : below_cache[index(from)];
    const HeapTypeTally& type = types[index(heap.type[at])];
    type.tally->objects++;
    type.tally->bytes += heap.size[at];
    if (below_cache[at]) return;  // bounded: it fills up, and holds then what was asked for last
    ++*type.of_kind;
    census.objects.push_back({whereabouts_key(heap.address[at], type.name_hash), signature[at]});
    auto [place, fresh] = census.paths.try_emplace(signature[at]);
    if (fresh) {
      census.order.push_back(signature[at]);
      place->second.holder = from == kNoObject ? 0 : signature[index(from)];
      place->second.container =
          container_of(place->second.holder, from == kNoObject ? heap.text(heap.roots[by].name)
                                                               : heap.text(heap.labels[index(heap.label[by])].path));
      place->second.is_passing = from == kNoObject && is_passing(heap.roots[by].kind);
    }
    add_to(place->second, object, heap.size[at], type.kind);
    place->second.weak_references += type.is_weak_reference;
    place->second.weakly_seen += (heap.flags[at] & dump::kObjectWeakReferenced) != 0;
  });
  count_storage(heap, signature, census);
  census.threads = threads_at_work(heap);
  return census;
}

}  // namespace reftally
