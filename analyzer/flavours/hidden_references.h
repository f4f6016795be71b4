// Libraries that do not keep the addresses of their blocks: no word leads to what they hold, and yet nothing is lost.
#pragma once

#include <vector>

#include "analyzer/flavours/holders.h"
#include "analyzer/flavours/words.h"

namespace reftally {

// A root for each block such a library has made.
std::vector<DraftRoot> find_hidden_roots(const Image& image, const Holders& holders, HeapBuilder& builder);

}  // namespace reftally
