// Where an entry of a call stack is in source, be it native code or of a runtime's own language.
#pragma once

#include <vector>

#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

std::vector<SourceFrame> source_frames_at(const Image& image, const DebugTypes& types, uint64_t address);

}  // namespace reftally
