// Call stacks as a report shows them.
#pragma once

#include <vector>

#include "analyzer/base/source_frame.h"
#include "reports/report.h"

namespace reftally {

std::vector<ReportFrame> report_frames(const std::vector<SourceFrame>& frames);

// From the first frame of the program itself on: who called the allocator is news, the allocator is not; nor is the
// function that counts, where it tells of its counts by reftally.h.
std::vector<ReportFrame> own_frames(std::vector<ReportFrame> frames);

// The same of who took or gave back a reference: not the members of the program's own smart pointers.
std::vector<ReportFrame> counting_frames(std::vector<ReportFrame> frames);

}  // namespace reftally
