// What Qt's QSharedPointer and QWeakPointer share: { weak, strong, function that destroys }, and behind it the value or
// a pointer to it. The function is an instantiation for the value's class, and its symbol says which. The weak count
// takes in the strong references. (qsharedpointer_impl.h of Qt 5.15 and 6.4)
#include <optional>
#include <unordered_map>

#include "analyzer/base/in_order.h"
#include "analyzer/flavours/control_blocks.h"
#include "analyzer/flavours/flavours.h"
#include "analyzer/layouts/type_names.h"

namespace reftally {

namespace {

constexpr uint64_t kDestroyer = 8, kHeader = 16;

struct Destroyer {
  std::string value_type;  // demangled; empty: it is none
  bool is_inside = false;  // QSharedPointer::create
  bool deletes = false;
};

Destroyer destroyer_named(std::string_view symbol) {
  constexpr std::string_view kInside = "_ZN15QtSharedPointer34ExternalRefCountWithContiguousDataI",
                             kPointer = "_ZN15QtSharedPointer33ExternalRefCountWithCustomDeleterI";
  const bool is_inside = symbol.starts_with(kInside);
  if (!is_inside && !symbol.starts_with(kPointer)) return {};
  const std::string function = demangle(symbol);
  const std::vector<std::string_view> arguments =
      template_arguments(std::string_view(function).substr(0, function.rfind(">::") + 1));
  if (arguments.empty()) return {};
  const bool deletes = arguments.size() > 1 && arguments[1] == "QtSharedPointer::NormalDeleter";
  return {std::string(without_const(arguments[0])), is_inside, deletes};
}

class Search {
 public:
  Search(const Image& image, const DebugTypes& types, CountedObjects& found)
      : image_(image), types_(types), found_(found) {}

  // Reads nothing but memory: any thread may.
  bool may_be(uint32_t block) const {
    const ImageBlock& place = image_.blocks[block];
    if (place.size < kHeader) return false;
    const uint64_t counts = image_.word(place.address).value_or(0);
    const auto weak = static_cast<int32_t>(counts), strong = static_cast<int32_t>(counts >> 32);
    if (weak <= 0 || weak > kLargestCount || strong < 0 || strong > weak) return false;
    const auto function = image_.word(place.address + kDestroyer);
    return function && image_.module_at(*function);
  }

  void look_at(uint32_t block) {  // that may be one
    const uint64_t at = image_.blocks[block].address, counts = image_.word(at).value();
    const Destroyer& destroyer = destroyer_at(image_.word(at + kDestroyer).value());
    if (!destroyer.value_type.empty())
      add(block, static_cast<int32_t>(counts), static_cast<int32_t>(counts >> 32), destroyer);
  }

 private:
  const Destroyer& destroyer_at(uint64_t function) {
    auto [known, added] = destroyers_.try_emplace(function);
    if (added) known->second = destroyer_named(types_.symbol_at(function));
    return known->second;
  }

  void add(uint32_t block, int32_t weak, int32_t strong, const Destroyer& destroyer) {
    const ImageBlock& place = image_.blocks[block];
    CountedObject object;
    object.address = place.address;
    object.end = place.address + place.size;
    object.block = block;
    object.strong = strong;
    object.weak = weak - strong;
    object.ends_there = true;
    object.value_type = found_.names.intern(destroyer.value_type);
    if (strong > 0 && destroyer.is_inside) object.value = place.address + kHeader;
    if (strong > 0 && !destroyer.is_inside && destroyer.deletes) place_value(object);
    found_.objects.push_back(object);
  }

  void place_value(CountedObject& object) const {
    object.value = image_.word(object.address + kHeader).value_or(0);
    const uint32_t block = object.value ? image_.block_at(object.value) : Image::kNoBlock;
    if (block == object.block) return;
    object.value_block = block;
    object.owns_value_block = block != Image::kNoBlock;
  }

  const Image& image_;
  const DebugTypes& types_;
  CountedObjects& found_;
  std::unordered_map<uint64_t, Destroyer> destroyers_;  // by function
};

}  // namespace

void find_qt_shared_objects(const Image& image, const DebugTypes& types, CountedObjects& found) {
  Search search(image, types, found);
  in_order_by_rows(
      static_cast<uint32_t>(image.blocks.size()),
      [&](RowRange blocks) {
        std::vector<uint32_t> possible;
        for (uint32_t block = blocks.first; block < blocks.last; ++block)
          if (search.may_be(block)) possible.push_back(block);
        return possible;
      },
      [&](const std::vector<uint32_t>& possible) {
        for (uint32_t block : possible) search.look_at(block);
      });
}

}  // namespace reftally
