#include "analyzer/flavours/hidden_references.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

namespace reftally {

namespace {

struct HidingLibrary {
  std::string_view file, name;
  bool (*is_hidden)(const Image& image, const ImageBlock& block) = nullptr;  // nullptr: all that the library has made
};

// "This leaks the old quarks array. Its unfortunate, but it allows us to do lockless lookup of the arrays, and there
// shouldn't be that many quarks in an app" (glib/gquark.c, g_quark_new). GTK 4 has more than the first array takes. The
// functions have no symbols; the first quark of all is none.
bool is_array_of_quarks(const Image& image, const ImageBlock& block) {
  constexpr uint64_t kPiece = 2048 * sizeof(uint64_t), kLookedAt = 16;
  if (block.size == 0 || block.size % kPiece != 0 || image.word(block.address).value_or(0) != 0) return false;
  const std::vector<uint64_t> frames = image.frames(block.stack);
  if (frames.size() < 2 || image.module_at(frames[0] - 1) != image.module_at(frames[1] - 1)) return false;
  for (uint64_t i = 1; i < kLookedAt; ++i)
    if (!image.mapping_at(image.word(block.address + 8 * i).value_or(0))) return false;
  return true;
}

constexpr std::array kHidingLibraries = {
    // FcPattern has the distance to its elements; LeakSanitizer's users suppress the whole library for that
    HidingLibrary{"/libfontconfig.so", "libfontconfig, which keeps distances for addresses"},
    // its first MallocExtension is replaced by a better one; its own leak checker is told to pass over that
    HidingLibrary{"/libtcmalloc", "tcmalloc, which keeps what it makes for itself"},
    HidingLibrary{"/libglib-2.0.so", "libglib, which keeps the arrays of quarks that larger ones replaced",
                  is_array_of_quarks},
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
    if (found->second && (!found->second->is_hidden || found->second->is_hidden(image, image.blocks[block])))
      roots.push_back({holders.own_id(block), RootKind::kExternal, ReferenceKind::kRaw, Certainty::kConservative,
                       builder.intern(found->second->name)});
  }
  return roots;
}

}  // namespace reftally
