// What every format prints: names resolved, numbers computed, order fixed. A renderer decides nothing.
// Mirrors JSON version 1 (DESIGN section 6): add, never rename.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/interpreter_state.h"

namespace reftally {

struct ReportFrame {
  std::string function, file, module;
  uint32_t line = 0;
};

struct ReportEdge {
  std::string from, via, to;            // "Session", "handler_ -> [lambda session.cpp:42].self", "Session"
  std::string member;                   // via with the class that declares it: "Session::handler_ -> [lambda …].self"
  std::string kind;                     // "strong", "weak", "raw", "strong or weak"
  std::string certainty;                // "exact", "counted", "conservative"
  std::string location;                 // "session.h:18" or empty
  uint64_t count = 1;                   // references drawn as this one
  uint32_t from_node = 0, to_node = 0;  // rows of ReportFinding::nodes; in the drawing only
  bool weaken = false;                  // the advice is about this member
  uint64_t left_out = 0;   // of a long chain: this stands for the steps of so many objects, the last of which is shown
  bool last_hold = false;  // the reference that still holds what should be gone
  uint32_t acquire_stack = 0;         // StackId of `acquired`
  std::vector<ReportFrame> acquired;  // the call that took the reference, innermost first; empty when unknown
};

// Who has a reference to an object: one row for all that read alike.
struct ReportHolder {
  std::string member, kind, certainty, location;
  uint64_t count = 0;
  bool pays = false;                   // each is one unit of the strong count
  std::vector<std::string> addresses;  // of the first few holders
};

struct ReportAccount {
  int64_t strong_count = 0, heap_references = 0, root_references = 0, remainder = 0;
  std::string sentence = {};  // in the words of a rule, then also the first of the evidence; or empty
};

struct ReportNode {  // one object (or several folded ones) of a drawing
  std::string type;
  std::string role;    // "cycle", "member", "held", "root", "path", "subject", "holder", "rest"
  uint64_t count = 1;  // objects it stands for; 0: unknown
  uint64_t bytes = 0;
  bool elided = false;                   // stands for steps of a long chain, left out
  std::optional<ReportAccount> account;  // of the example
  int64_t most_strong = 0;               // greatest strong count among those folded
  int64_t remainder = 0;                 // sum over those folded
  std::string address;                   // of the example: "0x…"
  std::vector<ReportFrame> born;         // of the example, innermost first
  std::vector<ReportHolder> holders;     // of the example
};

struct ReportMember {
  std::string type;
  uint64_t count = 0;
};

struct ReportSourceLine {
  uint32_t number = 0;
  std::string text;
  bool here = false;  // the line the advice is about
};

struct ReportAdvice {
  std::string weaken;                    // "Child::parent_"
  std::vector<std::string> members;      // that one and those that must be weak with it
  std::string action;                    // "make Child::parent_ weak"
  std::string verb;                      // the same beside the reference: "make this one weak"
  std::string location;                  // where it is declared, or empty
  std::vector<ReportSourceLine> source;  // around it, when the file is at hand
  uint64_t breaks = 0, frees_bytes = 0;
  bool safe = false;
  std::string reason;
};

// Objects that were allocated by one call stack.
struct ReportBirth {
  std::vector<ReportFrame> frames;  // innermost first; empty: unknown, or the sum of those left out
  uint64_t count = 0, bytes = 0, retained_bytes = 0;
};

// A call that took references which were never given back, or gave back what nobody had taken.
struct ReportAcquire {
  std::vector<ReportFrame> frames;  // innermost first
  uint64_t units = 0;
  bool is_birth = false, is_release = false, is_certain = false;
};

// References by the calls that took and gave them back, see findings/balance_tree.h: what calls have left behind.
struct ReportBalanceNode {
  std::string calls;             // "main main.cc:3 > keep_copy lost.cc:14"; empty: the top
  int64_t balance = 0, own = 0;  // of all call paths through here; of those that end here
  uint64_t stacks = 0;           // call paths
  bool is_balanced = false;      // each object got back what was taken of it: no children are told
  bool ends_stack = false;
  std::vector<ReportBalanceNode> children;  // those that left most behind first
  uint64_t left_out = 0;                    // further children
  int64_t left_out_balance = 0;
};

struct ReportBalance {
  uint64_t objects = 0;
  int64_t strong_counts = 0;  // their sum; where it is not `top.balance`, some code counts without telling
  ReportBalanceNode top;
};

// An event of an object whose history was kept.
struct ReportCountEvent {
  double seconds = 0;  // before the snapshot
  uint32_t thread = 0;
  int64_t before = 0, after = 0;    // strong count
  std::vector<ReportFrame> frames;  // innermost first
};

// The count in a slice of time; from one to the next it is `after`.
struct ReportCountPoint {
  double seconds = 0;  // before the snapshot, at the first event of the slice
  int64_t least = 0, most = 0, after = 0;
};

// `reftally run --history TYPE`: one object's count over time.
struct ReportCounts {
  std::string type, address;
  int64_t first = 0;  // count before the first event kept
  std::vector<ReportCountPoint> points;
  std::vector<ReportCountEvent> open;          // taken and never given back, or given back by who had taken none
  uint64_t open_left_out = 0;                  // of those, the earliest
  uint64_t pairs = 0;                          // references taken and given back
  std::optional<ReportCountEvent> last_given;  // from then on only what is left has kept the object
};

// A place that holds more with every snapshot.
struct ReportGrowth {
  std::string place;           // "g_server.sessions_[]", "root server -> Server::cache_.pages_"
  std::vector<uint64_t> held;  // by snapshot
  bool is_bytes = false;       // else objects
  uint64_t grown_bytes = 0;    // since the first, with what hangs below
};

struct ReportFinding {
  std::string rule, severity, fingerprint, summary;
  std::string twin_fingerprint;  // of the same cycle, watched or not
  uint64_t instances = 0, objects = 0, bytes = 0, retained_bytes = 0, held_objects = 0;
  std::vector<ReportMember> members;
  std::vector<ReportEdge> cycle, path;
  std::vector<ReportNode> nodes;  // the drawing: what folds into one shape is one node
  std::vector<ReportEdge> edges;  // the first `ring` of them are the cycle, in order
  uint32_t ring = 0;
  std::optional<ReportAccount> account;
  std::string subject;  // type of the object the account is of
  std::vector<ReportHolder> holders;
  std::vector<ReportFrame> born;
  std::vector<ReportBirth> births;       // of all instances, most bytes first
  std::vector<ReportAcquire> acquires;   // most units first
  std::optional<ReportBalance> balance;  // of the counted objects of all instances
  std::vector<uint32_t> counts;          // rows of Report::counts that are of its objects
  std::optional<ReportAdvice> advice;
  std::optional<ReportGrowth> growth;
  uint64_t depth = 0;  // links of a chain of owners
  std::vector<std::string> evidence;
  std::string suppressed_by;  // reason, or empty
};

struct ReportTotals {
  uint64_t blocks = 0, bytes = 0, objects = 0, references = 0;
  uint64_t reachable_bytes = 0, unreachable_bytes = 0, unreachable_blocks = 0;
  uint64_t counted_objects = 0, explained_objects = 0;  // remainder 0
  uint64_t explained_by_structure = 0, explained_with_words = 0;
  uint64_t audited_objects = 0, agreeing_objects = 0;  // by reference count events
  bool has_collector = false;                          // the runtime has a cycle collector of its own
  uint64_t waiting_objects = 0, waiting_bytes = 0;     // for it
};

// ---- the whole heap, in a few hundred rows

struct ReportSize {
  std::string name;
  uint64_t count = 0, bytes = 0, retained_bytes = 0;
};

// What an object dominates is freed with it. Siblings of one type are one branch.
struct ReportBranch {
  static constexpr uint32_t kTop = 0xffffffff;
  uint32_t parent = kTop;  // row of ReportOverview::tree
  std::string type;
  uint64_t count = 0, bytes = 0, retained_bytes = 0;
};

struct ReportTypeEdge {
  uint32_t from = 0, to = 0;  // rows of ReportOverview::map_types
  uint64_t count = 0;
  bool owns = false;
};

struct ReportOverview {
  std::vector<ReportSize> types, libraries;  // most retained first
  std::vector<ReportBirth> births;
  std::vector<ReportBranch> tree;  // parents before children
  std::vector<ReportSize> map_types;
  std::vector<ReportTypeEdge> map_edges;
};

// ---- several snapshots, oldest first

struct ReportSnapshot {
  std::string file;
  double seconds = 0;  // since the process began
  uint64_t objects = 0, bytes = 0;
  GenerationState collector;  // sum over its generations
};

struct ReportTypeHistory {
  std::string type;
  std::vector<uint64_t> objects, bytes;  // by snapshot
};

struct ReportHistory {
  std::vector<ReportSnapshot> snapshots;
  std::vector<ReportTypeHistory> types;  // those that grew, most bytes first
  bool one_process = false;              // so that seconds tell how far apart the snapshots are
  bool has_collector = false;            // in every snapshot
};

struct ReportUnexplained {  // counted objects of one type whose accounts do not close, for one reason
  std::string type, cause, example;
  uint64_t objects = 0, units = 0;
};

struct Report {
  std::string source;  // file analyzed
  std::string executable, command_line, reason;
  uint32_t pid = 0;
  std::vector<std::string> flavours;
  ReportTotals totals;
  std::vector<ReportUnexplained> unexplained;  // most objects first
  std::vector<ReportFinding> findings;         // worst first
  std::vector<ReportFinding> suppressed;
  std::vector<std::string> warnings;
  std::vector<ReportCounts> counts;        // of objects in findings first
  uint64_t counts_left_out = 0;            // further objects with a history
  std::optional<ReportOverview> overview;  // for the formats that show it
  std::optional<ReportHistory> history;    // of two snapshots or more
  std::optional<InterpreterState> interpreter;
};

}  // namespace reftally
