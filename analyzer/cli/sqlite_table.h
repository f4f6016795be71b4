// The one door to SQLite: tables that read the heap where it is, and statements that can only read.
//
// A table is a number of rows and a function for each column. Nothing is copied into a database, so that a question to
// ten million objects costs what it looks at: equality on the key column of a table visits just those rows.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reftally {

using SqlValue = std::variant<std::monostate, int64_t, double, std::string_view, std::string>;  // first: NULL

struct SqlColumn {
  const char* name;
  const char* help;
  std::function<SqlValue(uint64_t row)> value;
};

struct SqlTable {
  const char* name;
  const char* help;
  uint64_t rows = 0;
  std::vector<SqlColumn> columns;
  // Rows where column 0 equals a number: [first, last). Without it every row is looked at.
  std::function<std::pair<uint64_t, uint64_t>(int64_t key)> rows_of_key;
};

class SqlDatabase {
 public:
  SqlDatabase();
  ~SqlDatabase();
  SqlDatabase(const SqlDatabase&) = delete;
  SqlDatabase& operator=(const SqlDatabase&) = delete;

  void add(SqlTable table);
  const std::vector<std::unique_ptr<SqlTable>>& tables() const { return tables_; }

  // Calls `row` with the texts of each result, `header` once before. Throws Error with SQLite's message and the place
  // in the statement; so it does for a second statement, for one that writes, and after `seconds`.
  void run(const std::string& sql, int seconds, const std::function<void(const std::vector<std::string>&)>& header,
           const std::function<void(sqlite3_stmt*)>& row);

 private:
  sqlite3* database_ = nullptr;
  std::vector<std::unique_ptr<SqlTable>> tables_;
};

}  // namespace reftally
