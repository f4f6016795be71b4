#include "analyzer/flavours/hidden_references.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

namespace reftally {

namespace {

struct HidingLibrary {
  std::string_view file, name;
};

constexpr std::array kHidingLibraries = {
    // FcPattern has the distance to its elements; LeakSanitizer's users suppress the whole library for that
    HidingLibrary{"/libfontconfig.so", "libfontconfig, which keeps distances for addresses"},
    // its first MallocExtension is replaced by a better one; its own leak checker is told to pass over that
    HidingLibrary{"/libtcmalloc", "tcmalloc, which keeps what it makes for itself"},
};

const HidingLibrary* library_of(const ImageModule& module) {
  for (const HidingLibrary& library : kHidingLibraries)
    if (module.path.find(library.file) != std::string::npos) return &library;
  return nullptr;
}

const HidingLibrary* library_at(const Image& image, uint64_t address) {
  const ImageModule* module = image.module_at(address);
  return module ? library_of(*module) : nullptr;
}

}  // namespace

std::vector<DraftRoot> find_hidden_roots(const Image& image, const Holders& holders, HeapBuilder& builder) {
  std::vector<DraftRoot> roots;
  if (std::none_of(image.modules.begin(), image.modules.end(), library_of)) return roots;
  std::unordered_map<uint64_t, const HidingLibrary*> by_caller;
  for (uint32_t block = 0; block < image.blocks.size(); ++block) {
    const StackId stack = image.blocks[block].stack;
    if (stack == StackId{}) continue;
    const uint64_t caller = image.stacks[index(stack)].ip;
    const auto [found, added] = by_caller.try_emplace(caller, nullptr);
    if (added) found->second = library_at(image, caller - 1);
    if (found->second)
      roots.push_back({holders.own_id(block), RootKind::kExternal, ReferenceKind::kRaw, Certainty::kConservative,
                       builder.intern(found->second->name)});
  }
  return roots;
}

}  // namespace reftally
