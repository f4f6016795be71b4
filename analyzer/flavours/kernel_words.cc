#include "analyzer/flavours/kernel_words.h"

#include <string_view>
#include <unordered_map>

namespace reftally {

namespace {

// asio's event loop registers a part of itself, so that it can be woken: no sign of life.
constexpr std::string_view kEventLoop = "4asio6detail13epoll_reactorE";

bool is_event_loop(const Image& image, uint64_t word) {
  const uint32_t block = image.block_at(word);
  return block != Image::kNoBlock &&
         image.vtable_type(image.word(image.blocks[block].address).value_or(0)).ends_with(kEventLoop);
}

}  // namespace

KernelHolds find_kernel_holds(const Image& image, const PointerReader& reader, Naming& naming) {
  KernelHolds holds;
  std::unordered_map<uint32_t, HolderId> loops;  // by epoll descriptor
  const std::vector<dump::KernelWord>& words = image.declared.kernel_words;
  for (const dump::KernelWord& kept : words)
    if (kept.keeper == dump::KernelKeeper::kEpoll && is_event_loop(image, kept.word))
      loops.emplace(kept.number, reader.target(kept.word).holder);
  for (const dump::KernelWord& kept : words) {
    const HolderId to = reader.target(kept.word).holder;
    if (to == kNoHolder) continue;
    const auto loop = kept.keeper == dump::KernelKeeper::kEpoll ? loops.find(kept.number) : loops.end();
    if (loop == loops.end())
      holds.roots.push_back(
          {to, RootKind::kExternal, ReferenceKind::kRaw, Certainty::kConservative, naming.kernel_name(kept)});
    else if (loop->second != to)
      holds.registrations.push_back({loop->second, to});
    if (reader.is_counted(to)) holds.counted.push_back(to);
  }
  return holds;
}

}  // namespace reftally
