#include "analyzer/flavours/gobject_links.h"

#include <string_view>
#include <unordered_set>

namespace reftally {

namespace {

bool is_of(const Image& image, uint64_t address, std::initializer_list<std::string_view> libraries) {
  const ImageModule* module = image.module_at(address);
  if (!module) return false;
  for (std::string_view name : libraries)
    if (module->path.find(name) != std::string::npos) return true;
  return false;
}

constexpr std::string_view kGObjectLibrary = "/libgobject-2.0.so", kGLibLibrary = "/libglib-2.0.so";

// GHashTable: { size, mod, mask, nodes, occupied, flags, keys, hashes, values, … }; a set has its keys for values.
struct HashTable {
  uint64_t size = 0, keys = 0, values = 0;
  bool is_set() const { return keys == values; }
};

// Handler: { number, next, previous, detail and signal, references, flags, closure, instance }.
constexpr uint64_t kNextHandler = 8, kClosure = 40, kInstance = 48, kHandlerSize = 56;
// HandlerList: { signal, first handler, two last ones }, in an array behind its length.
constexpr uint64_t kListHeader = 8, kListSize = 32, kFirstHandler = 8;
// GClosure: { counts and flags, marshal, data, notifiers }.
constexpr uint64_t kMarshal = 8, kData = 16;
constexpr uint32_t kFinalNotifiers = 3u << 17;
// GData: { length, capacity, elements of { key, data, destroy } }; its pointer has flags in the lowest three bits.
constexpr uint64_t kDataList = 16, kElementSize = 24;
// GstMiniObject: { type, count, lock state, flags, copy, dispose, free, number of parents, parent }.
constexpr uint64_t kMiniParent = 56;

// TypeNode of a class's type: among its members TypeData: { …, class_data, class, … }. A class begins with its type.
constexpr uint64_t kParamTypes = 23, kTypeDataSize = 80, kClassData = 48, kClass = 56;

class Links {
 public:
  Links(const Image& image, const CountedObjects& counted, const Holders& holders, WordStates& states, Naming& naming,
        HeapBuilder& builder, TypedReferences& found)
      : image_(image),
        counted_(counted),
        holders_(holders),
        states_(states),
        naming_(naming),
        builder_(builder),
        found_(found) {}

  void run() {
    std::vector<HashTable> sets;
    for (const ImageRegion& region : image_.regions) {
      if (region.kind != dump::RegionKind::kStatic || !is_of(image_, region.address, {kGObjectLibrary})) continue;
      image_.for_each_word(region.address, region.end(), [&](uint64_t, uint64_t word) {
        if (block_size(word) == 8 * kParamTypes) forget_class_data(word);
        const HashTable table = hash_table_at(word);
        if (table.size == 0) return;
        if (table.is_set())
          sets.push_back(table);
        else if (has_handlers(table))
          link_handlers(table);
      });
    }
    for (const HashTable& set : sets)
      for (uint64_t i = 0; i < set.size; ++i)
        if (handlers_.contains(word(set.keys + 8 * i))) states_.explain(set.keys + 8 * i);
    std::unordered_set<uint64_t> mini_types;
    for (const dump::MiniObjectType& type : image_.declared.mini_object_types) mini_types.insert(type.type);
    for (const CountedObject& object : counted_.objects) {
      if (object.flavour != FlavourId::kGObject) continue;
      if (mini_types.contains(word(object.address)))
        only_looks_on(object.address + kMiniParent, "parent");
      else
        link_own_data(object);
    }
  }

 private:
  uint64_t word(uint64_t address) const { return image_.word(address).value_or(0); }

  // Bytes from `address` on, where a block begins; 0 elsewhere.
  uint64_t block_size(uint64_t address) const {
    const uint32_t block = address ? image_.block_at(address) : Image::kNoBlock;
    return block != Image::kNoBlock && image_.blocks[block].address == address ? image_.blocks[block].size : 0;
  }

  HashTable hash_table_at(uint64_t address) const {
    constexpr uint64_t kLeast = 80;
    if (block_size(address) < kLeast) return {};
    HashTable table{word(address), word(address + 32), word(address + 48)};
    const bool is_power = table.size >= 8 && (table.size & (table.size - 1)) == 0;
    if (!is_power || image_.half(address + 12).value_or(0) != table.size - 1) return {};
    const bool fits = block_size(table.keys) == 8 * table.size && block_size(table.values) == 8 * table.size &&
                      block_size(word(address + 40)) == 4 * table.size;
    return fits ? table : HashTable{};
  }

  template <class Visit>  // visit(handler) of a list, until it says no
  bool each_handler(uint64_t list, Visit visit) const {
    const uint64_t lists = image_.half(list).value_or(0), room = block_size(list);
    if (lists == 0 || room < kListHeader || lists > (room - kListHeader) / kListSize) return false;
    for (uint64_t i = 0; i < lists; ++i) {
      uint64_t steps = 0;
      for (uint64_t handler = word(list + kListHeader + kListSize * i + kFirstHandler); handler != 0;
           handler = word(handler + kNextHandler))
        if (++steps > image_.blocks.size() || !visit(handler)) return false;
    }
    return true;
  }

  // Whether the table is that of handlers by object: every entry must be.
  bool has_handlers(const HashTable& table) const {
    uint64_t lists = 0;
    for (uint64_t i = 0; i < table.size; ++i) {
      const uint64_t key = word(table.keys + 8 * i), list = word(table.values + 8 * i);
      if (key == 0 && list == 0) continue;
      if (key == 0 || !each_handler(list, [&](uint64_t handler) {
            return block_size(handler) >= kHandlerSize && word(handler + kInstance) == key;
          }))
        return false;
      ++lists;
    }
    return lists > 0;
  }

  void link_handlers(const HashTable& table) {
    for (uint64_t i = 0; i < table.size; ++i) {
      const uint64_t object = word(table.keys + 8 * i), list = word(table.values + 8 * i);
      const HolderId holder = object ? holders_.at(object) : kNoHolder;
      if (holder == kNoHolder) continue;
      states_.explain(table.keys + 8 * i);
      states_.explain(table.values + 8 * i);
      add(holder, list, "signal handlers", ReferenceKind::kStrong, 0);
      name_block(list, "list of signal handlers");
      each_handler(list, [&](uint64_t handler) {
        handlers_.insert(handler);
        name_block(handler, "signal handler");
        only_looks_on(handler + kInstance, "instance");
        link_closure(word(handler + kClosure));
        return true;
      });
    }
  }

  // Of types of parameters: it is freed once the class is there, and the word stays, leading to whatever comes after.
  void forget_class_data(uint64_t types) {
    for (uint64_t i = 0; i < kParamTypes; ++i) {
      const uint64_t type = word(types + 8 * i);
      for (uint64_t at = type; at < type + block_size(type); at += 8) {
        const uint64_t data = word(at);
        if (block_size(data) == kTypeDataSize && block_size(word(data + kClass)) && word(word(data + kClass)) == type)
          states_.explain(data + kClassData);
      }
    }
  }

  void link_closure(uint64_t closure) {
    const bool is_closure = closure && image_.module_at(word(closure + kMarshal)) && image_.half(closure);
    if (is_closure && (*image_.half(closure) & kFinalNotifiers) == 0) only_looks_on(closure + kData, "data");
  }

  // A word that points to an object, as that object's own parts do: it does not keep it.
  void only_looks_on(uint64_t at, std::string_view member) {
    const uint32_t object = counted_.at(word(at));
    const HolderId from = holders_.at(at);
    if (object == CountedObjects::kNone || from == kNoHolder || states_.at(at) == WordState::kExplained) return;
    states_.explain(at);
    add(from, word(at), member, ReferenceKind::kWeak, at);
  }

  // Toggle references, weak references, closures that watch: { object, length, … }, made by the library.
  void link_own_data(const CountedObject& object) {
    const uint64_t list = word(object.address + kDataList) & ~uint64_t{7}, room = block_size(list);
    const uint64_t length = image_.half(list).value_or(0);
    if (room < 8 || length > (room - 8) / kElementSize) return;
    for (uint64_t at = list + 8, i = 0; i < length; ++i, at += kElementSize) {
      const uint64_t data = word(at + 8), destroy = word(at + 16);
      const bool is_library = destroy == 0 || is_of(image_, destroy, {kGObjectLibrary, kGLibLibrary});
      if (is_library && block_size(data) >= 16 && word(data) == object.address) only_looks_on(data, "object");
    }
  }

  void add(HolderId from, uint64_t to, std::string_view member, ReferenceKind kind, uint64_t place) {
    const HolderId target = holders_.at(to);
    if (target == kNoHolder) return;
    const LabelId label = builder_.add_label(naming_.type_name(from), member, {}, kLabelDotted | kLabelFixed);
    found_.references.push_back(DraftReference{from, target, kNoElement, label, kind, Certainty::kExact}, place);
  }

  void name_block(uint64_t address, std::string_view name) {
    const uint32_t block = image_.block_at(address);
    if (holders_.is_free(block)) naming_.set_block_type(block, builder_.add_type(name));
  }

  const Image& image_;
  const CountedObjects& counted_;
  const Holders& holders_;
  WordStates& states_;
  Naming& naming_;
  HeapBuilder& builder_;
  TypedReferences& found_;
  std::unordered_set<uint64_t> handlers_;
};

}  // namespace

void link_gobjects(const Image& image, const CountedObjects& counted, const Holders& holders, WordStates& states,
                   Naming& naming, HeapBuilder& builder, TypedReferences& found) {
  if (image.declared.gobject_types.empty() && image.declared.mini_object_types.empty()) return;
  Links(image, counted, holders, states, naming, builder, found).run();
}

StackId caller_of_gobject(const Image& image, StackId stack) {
  StackId at = stack;
  while (at != StackId{}) {
    const StackNode& frame = image.stacks.at(index(at));
    if (!is_of(image, frame.ip - 1, {kGObjectLibrary, kGLibLibrary, "/libgstreamer-1.0.so", "/libreftally-agent.so"}))
      return at;
    at = frame.parent;
  }
  return stack;
}

}  // namespace reftally
