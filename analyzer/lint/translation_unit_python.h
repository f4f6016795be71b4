// CPython extensions: the counts that one function owns, along every path through it.
//
// What is followed is the object, not the variable: each call that returns an object makes a symbol with the number of
// references that this function owns of it. Py_INCREF adds one; Py_DECREF, a stealing call, a store in memory and
// `return` take one. At the end of a path every sum must be zero: more is a leak, less is somebody else's reference
// given away (affine counting, after Pungi, ECOOP 2014). Whatever is not understood puts the symbol in doubt, and
// nothing is said of it any more. What a project's own functions do with references is not known here: a finding names
// what it needs to be true of them, and python_rules.cc looks that up in what all files say.
#pragma once

#include <clang/AST/Expr.h>
#include <clang/AST/Stmt.h>
#include <clang/Analysis/CFG.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "analyzer/lint/python_api.h"
#include "analyzer/lint/translation_unit_types.h"

namespace reftally::lint {

enum class PyOrigin : uint8_t { kNew, kBorrowed, kParameter, kMember, kSingleton, kUnknown };
enum class PyNull : uint8_t { kMaybe, kYes, kNo };

struct PySymbol {
  int count = 0;  // references that the function owns
  PyOrigin origin = PyOrigin::kUnknown;
  PyNull null = PyNull::kMaybe;
  bool doubt = false;        // lost sight of: nothing is reported
  bool kept = false;         // somebody else may hold it too
  bool released = false;     // by Py_DECREF, to zero
  bool needs_test = false;   // an out parameter: set only when the function says so
  bool from_caller = false;  // parameter, or out of PyArg_Parse
  bool is_atom = false;
  std::string source;  // "PyList_New", a parameter's or member's name
  std::string name;    // of the variable that first held it
  clang::SourceLocation at;
  clang::SourceLocation given_at;  // last given away
  std::string given_to;            // "PyTuple_SetItem", "member:KEY"
  const void* parent = nullptr;    // borrowed from it
  std::set<std::string> needs;     // see SiteFact::needs
  auto key() const { return std::tie(count, origin, null, doubt, kept, released, needs_test, name, given_to, parent); }
  bool operator<(const PySymbol& other) const { return key() < other.key(); }
};
using SymbolId = const void*;  // the expression, parameter or singleton that it comes from; null: unknown

struct PyPlace {  // a local variable, or memory reached from one: "->x.y"; base null: a global
  const clang::VarDecl* base = nullptr;
  std::string path;
  auto operator<=>(const PyPlace&) const = default;
};

struct PyState {
  std::map<SymbolId, PySymbol> symbols;
  std::map<PyPlace, SymbolId> places;
  std::map<const clang::Expr*, SymbolId> values;  // of calls
  std::map<const clang::VarDecl*, int64_t> integers;
  std::map<std::string, bool> truths;  // of conditions that are asked again
  bool operator<(const PyState& other) const {
    return std::tie(symbols, places, values, integers, truths) <
           std::tie(other.symbols, other.places, other.values, other.integers, other.truths);
  }
};

// True when this translation unit includes Python.h and was written by people (Cython's output is not).
bool is_python_extension(clang::ASTContext& context);
bool is_python_object(clang::QualType type);  // PyObject*, or a pointer to a struct that begins with one
llvm::StringRef record_name(const clang::RecordDecl* record);  // also of `typedef struct { … } NAME;`
const clang::Expr* strip_casts(const clang::Expr* expression);
bool is_null_symbol(SymbolId id);  // of NULL itself, or of a variable that holds it

class PythonFunction {
 public:
  PythonFunction(UnitTypes& types, const clang::FunctionDecl* function);
  void check();

 private:
  // translation_unit_python.cc: paths.
  void walk_block(const clang::CFGBlock& block, PyState state);
  void follow_edges(const clang::CFGBlock& block, const PyState& state);
  bool refine(const clang::Expr* condition, bool taken, PyState& state) const;
  bool refine_null(SymbolId id, bool is_null, PyState& state) const;
  std::optional<int64_t> integer_value(const clang::Expr* expression, const PyState& state) const;
  std::string memo_of(const clang::Expr* condition) const;
  void find_aliases_and_memos(const clang::CFG& graph);
  void forget_unused(PyState& state) const;

  // translation_unit_python_values.cc: statements, expressions.
  void on_statement(const clang::Stmt* statement, PyState& state);
  void on_declaration(const clang::VarDecl* variable, PyState& state);
  void on_assignment(const clang::BinaryOperator* assignment, PyState& state);
  SymbolId eval(const clang::Expr* expression, PyState& state);
  SymbolId load(const PyPlace& place, const clang::Expr* expression, PyState& state);
  std::optional<PyPlace> place_of(const clang::Expr* expression) const;
  void bind(const PyPlace& place, SymbolId id, PyState& state);
  void store(const clang::Expr* target, SymbolId id, PyState& state);
  SymbolId singleton(const std::string& name, PyState& state);
  SymbolId add(SymbolId id, PySymbol symbol, PyState& state);
  PySymbol* find(SymbolId id, PyState& state) const;
  void doubt(SymbolId id, PyState& state) const;

  // translation_unit_python_calls.cc: what calls do.
  void on_call(const clang::CallExpr* call, PyState& state);
  bool on_count_macro(const clang::CallExpr* call, llvm::StringRef name, PyState& state);
  void on_api_call(const clang::CallExpr* call, llvm::StringRef name, PyState& state);
  void on_project_call(const clang::CallExpr* call, const clang::FunctionDecl* callee, PyState& state);
  void on_slot_call(const clang::CallExpr* call, llvm::StringRef slot, PyState& state);
  void receive(const clang::CallExpr* call, llvm::StringRef name, PyState& state);
  void release(SymbolId id, clang::SourceLocation where, PyState& state);
  void give(SymbolId id, const std::string& to, clang::SourceLocation where, PyState& state) const;
  void use(SymbolId id, clang::SourceLocation where, llvm::StringRef by, PyState& state);
  void set_variable(const clang::Expr* address, SymbolId id, PyState& state);
  SymbolId make(const clang::Expr* call, PyReturn kind, const std::string& source, PyState& state);

  // translation_unit_python_reports.cc: what is said at the end of a path.
  void finish(PyState& state, SymbolId returned, bool returns_object, clang::SourceLocation where);
  void say_result(const PySymbol* result);
  void report_leak(const PySymbol& symbol, bool is_result, clang::SourceLocation where);
  void report_unpaid_result(const PySymbol& symbol, clang::SourceLocation where);
  void report_unpaid_gift(const PySymbol& symbol);
  void report(const char* rule, const PySymbol& symbol, clang::SourceLocation where, const std::string& message,
              const std::string& detail, std::set<std::string> needs, clang::SourceLocation second = {},
              const std::string& second_text = {});
  void say(const std::string& what);
  std::string name_of(const PySymbol& symbol) const;

  UnitTypes& types_;
  const clang::FunctionDecl* function_;
  const Key key_;
  const clang::CFGBlock* exit_ = nullptr;
  std::vector<std::pair<const clang::CFGBlock*, PyState>> work_;
  std::set<std::pair<unsigned, PyState>> visited_;
  std::map<const clang::VarDecl*, const clang::Expr*> aliases_;  // T** that is the address of one lvalue
  std::set<const clang::VarDecl*> untracked_;                    // whose address goes we know not where
  std::map<std::string, int> conditions_;                        // how often asked
  std::set<std::string> singletons_;                             // their names; nodes do not move
  std::set<std::string> said_;
};

// translation_unit_python_types.cc: type objects, tables of functions, what visits and clears which member.
void add_python_tables(UnitTypes& types, const clang::VarDecl* variable);
void add_python_members(UnitTypes& types, const clang::FunctionDecl* function);

void say_python(UnitTypes& types, const std::string& what);

}  // namespace reftally::lint
