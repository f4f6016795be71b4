// What every format prints: names resolved, numbers computed, order fixed. A renderer decides nothing.
// Mirrors JSON version 1 (DESIGN section 6): add, never rename.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reftally {

struct ReportFrame {
  std::string function, file, module;
  uint32_t line = 0;
};

struct ReportEdge {
  std::string from, via, to;            // "Session", "handler_ -> [lambda session.cpp:42].self", "Session"
  std::string kind;                     // "strong", "weak", "raw", "strong or weak"
  std::string certainty;                // "exact", "counted", "conservative"
  std::string location;                 // "session.h:18" or empty
  uint32_t from_node = 0, to_node = 0;  // rows of ReportFinding::nodes
  bool weaken = false;                  // the advice is about this reference
  bool dotted = false;                  // source reads it as from.via, not from::via
};

struct ReportNode {  // one object (or several folded ones) of the finding's drawing
  std::string type;
  uint64_t count = 1;  // objects folded into it
  uint64_t bytes = 0;
  std::optional<int64_t> strong_count, remainder;
  std::string role;     // "cycle", "held", "root", "path", "leaked"
  std::string born;     // "Session::open() session.cpp:33" or empty
  std::string address;  // "0x…", of a single object
};

struct ReportMember {
  std::string type;
  uint64_t count = 0;
};

struct ReportAccount {
  int64_t strong_count = 0, heap_references = 0, root_references = 0, remainder = 0;
};

struct ReportAdvice {
  std::string weaken;  // "Child::parent_"
  uint64_t breaks = 0, frees_bytes = 0;
  bool safe = false;
  std::string reason;
};

struct ReportFinding {
  std::string rule, severity, fingerprint, summary;
  uint64_t instances = 0, objects = 0, bytes = 0, retained_bytes = 0, held_objects = 0;
  std::vector<ReportMember> members;
  std::vector<ReportEdge> cycle, path;
  std::vector<ReportNode> nodes;
  std::vector<ReportEdge> edges;  // of the drawing: cycle and path edges, and what is held
  std::optional<ReportAccount> account;
  std::vector<ReportFrame> born;
  std::optional<ReportAdvice> advice;
  std::vector<std::string> evidence;
  std::string suppressed_by;  // reason, or empty
};

struct ReportTotals {
  uint64_t blocks = 0, bytes = 0, objects = 0, references = 0;
  uint64_t reachable_bytes = 0, unreachable_bytes = 0, unreachable_blocks = 0;
  uint64_t counted_objects = 0, explained_objects = 0;  // remainder 0
};

struct Report {
  std::string source;  // file analyzed
  std::string executable, command_line, reason;
  uint32_t pid = 0;
  std::vector<std::string> flavours;
  ReportTotals totals;
  std::vector<ReportFinding> findings;  // worst first
  std::vector<ReportFinding> suppressed;
  std::vector<std::string> warnings;
};

}  // namespace reftally
