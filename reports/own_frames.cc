#include "reports/own_frames.h"

#include <algorithm>

#include "reports/names.h"

namespace reftally {

std::vector<ReportFrame> report_frames(const std::vector<SourceFrame>& frames) {
  std::vector<ReportFrame> result;
  for (const SourceFrame& frame : frames) result.push_back({frame.function, frame.file, frame.module, frame.line});
  return result;
}

std::vector<ReportFrame> own_frames(std::vector<ReportFrame> frames) {
  auto first = std::find_if_not(frames.begin(), frames.end(), is_library_frame);
  if (first != frames.end()) frames.erase(frames.begin(), first);
  // of a program without symbols nobody can tell what starts main, but for the agent
  auto entry = std::find_if(frames.begin(), frames.end(), [](const ReportFrame& frame) {
    return frame.function.find("main_then_snapshot") != frame.function.npos;
  });
  if (entry != frames.begin()) frames.erase(entry, frames.end());
  while (frames.size() > 1 && is_library_frame(frames.back())) frames.pop_back();
  return frames;
}

}  // namespace reftally
