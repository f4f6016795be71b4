// The tables that `reftally query` offers.
#pragma once

#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/sqlite_table.h"

namespace reftally {

// `dump` and `report` are read while questions are asked.
void add_query_tables(SqlDatabase& database, const AnalyzedDump& dump, const Report& report);

}  // namespace reftally
