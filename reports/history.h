// How a process changed over its snapshots, by type.
#pragma once

#include <span>

#include "analyzer/history.h"
#include "reports/report.h"

namespace reftally {

ReportHistory build_history(std::span<const SnapshotState> snapshots);

}  // namespace reftally
