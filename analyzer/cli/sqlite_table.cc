#include "analyzer/cli/sqlite_table.h"

#include <fmt/format.h>

#include <chrono>
#include <tuple>

#include "analyzer/base/error.h"

namespace reftally {
namespace {

struct TableHandle : sqlite3_vtab {  // SQLite's part first
  const SqlTable* table = nullptr;
};

struct CursorHandle : sqlite3_vtab_cursor {
  uint64_t row = 0, end = 0;
};

int connect(sqlite3* database, void* table, int, const char* const*, sqlite3_vtab** result, char**) {
  const auto* rows = static_cast<const SqlTable*>(table);
  std::string columns;
  for (const SqlColumn& column : rows->columns)
    columns += fmt::format("{}\"{}\"", columns.empty() ? "" : ", ", column.name);
  if (const int error = sqlite3_declare_vtab(database, fmt::format("CREATE TABLE x({})", columns).c_str()))
    return error;
  auto* handle = new TableHandle{};
  handle->table = rows;
  *result = handle;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<TableHandle*>(table);
  return SQLITE_OK;
}

// Plan 1: rows of one key. Plan 0: all rows.
int best_index(sqlite3_vtab* base, sqlite3_index_info* info) {
  const SqlTable& table = *static_cast<TableHandle*>(base)->table;
  info->idxNum = 0;
  info->estimatedCost = static_cast<double>(table.rows) + 10;
  info->estimatedRows = static_cast<sqlite3_int64>(table.rows);
  if (!table.rows_of_key) return SQLITE_OK;
  for (int i = 0; i < info->nConstraint; i++) {
    const auto& constraint = info->aConstraint[i];
    if (!constraint.usable || constraint.iColumn != 0 || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    info->aConstraintUsage[i].argvIndex = 1;  // SQLite tests it again: a key may be no number
    info->idxNum = 1;
    info->estimatedCost = 5;
    info->estimatedRows = 3;
    break;
  }
  return SQLITE_OK;
}

int open_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** result) {
  *result = new CursorHandle{};
  return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete static_cast<CursorHandle*>(cursor);
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* base, int plan, const char*, int, sqlite3_value** values) {
  auto* cursor = static_cast<CursorHandle*>(base);
  const SqlTable& table = *static_cast<TableHandle*>(base->pVtab)->table;
  cursor->row = 0;
  cursor->end = table.rows;
  if (plan == 1 && sqlite3_value_numeric_type(values[0]) == SQLITE_INTEGER)
    std::tie(cursor->row, cursor->end) = table.rows_of_key(sqlite3_value_int64(values[0]));
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  static_cast<CursorHandle*>(cursor)->row++;
  return SQLITE_OK;
}

int at_end(sqlite3_vtab_cursor* base) {
  const auto* cursor = static_cast<CursorHandle*>(base);
  return cursor->row >= cursor->end;
}

struct ResultSetter {
  sqlite3_context* context;
  void operator()(std::monostate) const { sqlite3_result_null(context); }
  void operator()(int64_t value) const { sqlite3_result_int64(context, value); }
  void operator()(double value) const { sqlite3_result_double(context, value); }
  void operator()(std::string_view text) const {
    sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  void operator()(const std::string& text) const { (*this)(std::string_view(text)); }
};

int column(sqlite3_vtab_cursor* base, sqlite3_context* context, int number) {
  const SqlTable& table = *static_cast<TableHandle*>(base->pVtab)->table;
  std::visit(ResultSetter{context},
             table.columns[static_cast<size_t>(number)].value(static_cast<CursorHandle*>(base)->row));
  return SQLITE_OK;
}

int row_id(sqlite3_vtab_cursor* base, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(static_cast<CursorHandle*>(base)->row);
  return SQLITE_OK;
}

const sqlite3_module* module() {
  static const sqlite3_module kModule = [] {
    sqlite3_module made{};  // no xCreate, xUpdate: tables that are there by name, and cannot be written
    made.xConnect = connect;
    made.xDisconnect = disconnect;
    made.xBestIndex = best_index;
    made.xOpen = open_cursor;
    made.xClose = close_cursor;
    made.xFilter = filter;
    made.xNext = next;
    made.xEof = at_end;
    made.xColumn = column;
    made.xRowid = row_id;
    return made;
  }();
  return &kModule;
}

// Reading is all that a question needs; ATTACH, PRAGMA and the rest could reach files.
int allow_reading(void*, int action, const char*, const char* function, const char*, const char*) {
  if (action == SQLITE_FUNCTION) return std::string_view(function) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
  return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ? SQLITE_OK : SQLITE_DENY;
}

using Clock = std::chrono::steady_clock;

int is_late(void* deadline) { return Clock::now() > *static_cast<Clock::time_point*>(deadline); }

using Statement = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

[[noreturn]] void fail(sqlite3* database, const std::string& sql) {
  const int at = sqlite3_error_offset(database);
  const std::string place = at < 0 ? "" : fmt::format(", at \"{}\"", sql.substr(static_cast<size_t>(at), 30));
  throw Error(fmt::format("SQL: {}{}", sqlite3_errmsg(database), place));
}

}  // namespace

SqlDatabase::SqlDatabase() {
  if (sqlite3_open(":memory:", &database_) != SQLITE_OK) throw Error("SQLite cannot be started");
  sqlite3_limit(database_, SQLITE_LIMIT_LENGTH, 100'000'000);
}

SqlDatabase::~SqlDatabase() { sqlite3_close(database_); }

void SqlDatabase::add(SqlTable table) {
  tables_.push_back(std::make_unique<SqlTable>(std::move(table)));
  if (sqlite3_create_module(database_, tables_.back()->name, module(), tables_.back().get()) != SQLITE_OK)
    fail(database_, "");
  // Connects it now: what declares its columns is no reading, and would be refused later.
  sqlite3_stmt* first = nullptr;
  const std::string sql = fmt::format("SELECT 1 FROM \"{}\"", tables_.back()->name);
  if (sqlite3_prepare_v2(database_, sql.c_str(), -1, &first, nullptr) != SQLITE_OK) fail(database_, sql);
  sqlite3_finalize(first);
}

void SqlDatabase::run(const std::string& sql, int seconds,
                      const std::function<void(const std::vector<std::string>&)>& header,
                      const std::function<void(sqlite3_stmt*)>& row) {
  Clock::time_point deadline = Clock::now() + std::chrono::seconds(seconds);
  sqlite3_set_authorizer(database_, allow_reading, nullptr);
  sqlite3_progress_handler(database_, 10'000, is_late, &deadline);
  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  if (sqlite3_prepare_v2(database_, sql.c_str(), static_cast<int>(sql.size()), &prepared, &rest) != SQLITE_OK)
    fail(database_, sql);
  const Statement statement(prepared, sqlite3_finalize);
  if (!statement) throw Error("SQL: there is no statement");
  if (std::string_view(rest).find_first_not_of(" \t\r\n;") != std::string_view::npos)
    throw Error(fmt::format("SQL: one statement at a time, but another begins at \"{}\"", rest));
  std::vector<std::string> names;
  for (int i = 0; i < sqlite3_column_count(prepared); i++) names.emplace_back(sqlite3_column_name(prepared, i));
  header(names);
  for (;;) {
    const int status = sqlite3_step(prepared);
    if (status == SQLITE_DONE) return;
    if (status == SQLITE_INTERRUPT) throw Error(fmt::format("SQL: not finished after {} s; see --timeout", seconds));
    if (status != SQLITE_ROW) fail(database_, sql);
    row(prepared);
  }
}

}  // namespace reftally
