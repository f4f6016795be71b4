#include "analyzer/image/call_frames.h"

namespace reftally {

std::vector<SourceFrame> source_frames_at(const Image& image, const DebugTypes& types, uint64_t address) {
  if ((address & kDeclaredFrame) == 0) return types.source_frames(address);
  const dump::DeclaredFrame& declared = image.declared.frames.at(address & ~kDeclaredFrame);
  SourceFrame frame;
  frame.function = image.text(declared.function);
  frame.file = image.text(declared.file);
  frame.line = declared.line;
  return {frame};
}

}  // namespace reftally
