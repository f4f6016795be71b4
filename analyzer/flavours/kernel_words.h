// What the words hold that the kernel keeps for epoll and timers. Whoever gets such a word back may own what it leads
// to: it is how a callback gets its object.
#pragma once

#include <vector>

#include "analyzer/flavours/naming.h"
#include "analyzer/flavours/words.h"

namespace reftally {

struct KernelHolds {
  struct Registration {
    HolderId loop, to;
  };
  std::vector<DraftRoot> roots;
  std::vector<Registration> registrations;  // by an event loop that is known: they end with it
  std::vector<HolderId> counted;            // counted objects among what is held
};

KernelHolds find_kernel_holds(const Image& image, const PointerReader& reader, Naming& naming);

}  // namespace reftally
