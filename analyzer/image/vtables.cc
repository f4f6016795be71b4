#include "analyzer/image/vtables.h"

#include <set>
#include <unordered_set>

namespace reftally {

void add_vtable_symbols(Image& image, const DebugTypes& types) {
  std::unordered_set<uint64_t> asked;
  std::set<const ImageModule*> modules;
  for (const ImageBlock& block : image.blocks) {
    const uint64_t word = image.word(block.address).value_or(0);
    const ImageModule* module = word != 0 && word % 8 == 0 ? image.module_at(word) : nullptr;
    if (module && asked.insert(word).second && image.vtable_type(word).empty()) modules.insert(module);
  }
  for (const ImageModule* module : modules) {
    for (const VtableSymbol& symbol : types.vtables_of(*module)) image.vtable_names.emplace(symbol.vtable, symbol.type);
  }
}

}  // namespace reftally
