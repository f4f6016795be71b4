// Questions to a dump in SQL.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analyzer/cli/command.h"
#include "analyzer/cli/query_tables.h"
#include "reports/escape.h"
#include "reports/names.h"

namespace reftally {
namespace {

constexpr const char* kExamples = R"(Examples
  the ten types that hold most memory
    SELECT name, objects, bytes FROM types ORDER BY bytes DESC LIMIT 10
  the objects that keep most alive
    SELECT o.type, o.address, d.retained_bytes FROM dominators d JOIN objects o ON o.id = d.id
    ORDER BY d.retained_bytes DESC LIMIT 10
  who refers to the sessions, and through what
    SELECT f.type, r.path, r.kind, count(*) FROM refs r JOIN objects f ON f.id = r.from_id
    JOIN objects t ON t.id = r.to_id WHERE t.type = 'Session' GROUP BY 1, 2, 3 ORDER BY 4 DESC
  where the objects of the first finding were made
    SELECT count(*), s.frames FROM finding_objects m JOIN objects o ON o.id = m.id
    JOIN stacks s ON s.id = o.stack WHERE m.finding = 0 GROUP BY 2
  counts that nothing explains
    SELECT type, count(*), sum(remainder) FROM objects WHERE remainder > 0 GROUP BY type

Tables (columns: --tables)
  objects, refs, roots, types, stacks, dominators, findings, finding_objects
A dump is only read; statements that would write, or reach files, are refused.)";

struct QueryOptions {
  std::string dump, sql, format = "table";
  bool tables = false;
  int timeout = 60;
  AnalysisCommandOptions analysis;
};

void print_tables(const SqlDatabase& database) {
  for (const auto& table : database.tables()) {
    fmt::print("{}  {}\n", table->name, table->help);
    for (const SqlColumn& column : table->columns) fmt::print("    {:<16} {}\n", column.name, column.help);
  }
}

std::string text_at(sqlite3_stmt* row, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return text == nullptr ? std::string() : std::string(text, static_cast<size_t>(sqlite3_column_bytes(row, column)));
}

bool is_number(sqlite3_stmt* row, int column) {
  const int type = sqlite3_column_type(row, column);
  return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

// RFC 4180.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

class CsvWriter {
 public:
  void header(const std::vector<std::string>& names) { line(names); }
  void row(sqlite3_stmt* row) {
    std::vector<std::string> fields;
    for (int i = 0; i < sqlite3_column_count(row); i++) fields.push_back(text_at(row, i));
    line(fields);
  }
  void finish() {}

 private:
  static void line(const std::vector<std::string>& fields) {
    std::string text;
    for (size_t i = 0; i < fields.size(); i++) text += (i == 0 ? "" : ",") + csv_field(fields[i]);
    fmt::print("{}\n", text);
  }
};

class JsonWriter {
 public:
  void header(const std::vector<std::string>& names) { names_ = names; }
  void row(sqlite3_stmt* row) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (int i = 0; i < sqlite3_column_count(row); i++) json[names_[static_cast<size_t>(i)]] = value_at(row, i);
    fmt::print("{}{}", first_ ? "[\n" : ",\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    first_ = false;
  }
  void finish() { fmt::print("{}", first_ ? "[]\n" : "\n]\n"); }

 private:
  static nlohmann::ordered_json value_at(sqlite3_stmt* row, int column) {
    switch (sqlite3_column_type(row, column)) {
      case SQLITE_NULL:
        return nullptr;
      case SQLITE_INTEGER:
        return sqlite3_column_int64(row, column);
      case SQLITE_FLOAT:
        return sqlite3_column_double(row, column);
      default:
        return text_at(row, column);
    }
  }
  std::vector<std::string> names_;
  bool first_ = true;
};

// Columns as wide as their widest cell; what has more than kWidest characters is cut.
class TableWriter {
 public:
  void header(const std::vector<std::string>& names) {
    rows_.push_back(names);
    numeric_.assign(names.size(), true);
  }
  void row(sqlite3_stmt* row) {
    std::vector<std::string> cells;
    for (int i = 0; i < sqlite3_column_count(row); i++) {
      numeric_[static_cast<size_t>(i)] =
          numeric_[static_cast<size_t>(i)] && (is_number(row, i) || sqlite3_column_type(row, i) == SQLITE_NULL);
      cells.push_back(cut(printable(text_at(row, i)), kWidest));
    }
    rows_.push_back(std::move(cells));
  }
  void finish() const {
    std::vector<size_t> width(rows_.front().size(), 0);
    for (const auto& cells : rows_)
      for (size_t i = 0; i < cells.size(); i++) width[i] = std::max(width[i], display_width(cells[i]));
    for (const auto& cells : rows_) print_row(cells, width);
    fmt::print("{}\n", plural(rows_.size() - 1, "row"));
  }

 private:
  static constexpr size_t kWidest = 100;

  void print_row(const std::vector<std::string>& cells, const std::vector<size_t>& width) const {
    std::string line;
    for (size_t i = 0; i < cells.size(); i++) {
      const std::string blanks(width[i] - display_width(cells[i]), ' ');
      line += (i == 0 ? "" : "  ") + (numeric_[i] ? blanks + cells[i] : cells[i] + blanks);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  }

  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> numeric_;
};

template <class Writer>
void ask(SqlDatabase& database, const QueryOptions& options) {
  Writer writer;
  database.run(
      options.sql, options.timeout, [&](const std::vector<std::string>& names) { writer.header(names); },
      [&](sqlite3_stmt* row) { writer.row(row); });
  writer.finish();
}

int query(const QueryOptions& options) {
  const AnalyzedDump dump = analyze_dump(options.dump, options.analysis);
  const Report report = report_of(dump, OutputOptions{});
  SqlDatabase database;
  add_query_tables(database, dump, report);
  if (options.tables || options.sql.empty()) {
    print_tables(database);
  } else if (options.format == "csv") {
    ask<CsvWriter>(database, options);
  } else if (options.format == "json") {
    ask<JsonWriter>(database, options);
  } else {
    ask<TableWriter>(database, options);
  }
  return kExitClean;
}

}  // namespace

RunCommand prepare_query(CLI::App& parser) {
  auto options = std::make_shared<QueryOptions>();
  parser.add_option("DUMP", options->dump, kDumpHelp)->required();
  parser.add_option("SQL", options->sql, "one SELECT; none: the tables are told");
  parser.add_option("--format,-f", options->format, "format of the answer")
      ->check(CLI::IsMember({"table", "csv", "json"}))
      ->capture_default_str();
  parser.add_option("--timeout", options->timeout, "seconds an answer may take")->check(CLI::Range(1, 86'400));
  parser.add_flag("--tables", options->tables, "tell tables and columns");
  add_analysis_options(parser, options->analysis);
  parser.footer(kExamples);
  return [options] { return query(*options); };
}

}  // namespace reftally
