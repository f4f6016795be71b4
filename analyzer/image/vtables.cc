#include "analyzer/image/vtables.h"

#include <set>
#include <unordered_set>
#include <utility>

#include "analyzer/base/recent_rows.h"

namespace reftally {

void add_vtable_symbols(Image& image, const DebugTypes& types) {
  std::unordered_set<uint64_t> asked;
  std::set<const ImageModule*> modules;
  RecentRows<const uint64_t> recent;
  auto ask = [&](uint64_t word) {
    const ImageModule* module = word % 8 == 0 ? image.module_at(word) : nullptr;
    const auto [row, added] = module ? asked.insert(word) : std::pair(asked.end(), false);
    if (added && image.vtable_type(word).empty()) modules.insert(module);
    return module ? &*row : nullptr;
  };
  for (const ImageBlock& block : image.blocks)
    if (const uint64_t word = image.word(block.address).value_or(0)) recent.find(word, ask);
  for (const ImageModule* module : modules) {
    for (const VtableSymbol& symbol : types.vtables_of(*module)) image.vtable_names.emplace(symbol.vtable, symbol.type);
  }
}

}  // namespace reftally
