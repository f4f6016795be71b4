// What is said at the end of a path through a function of a CPython extension, and how (translation_unit_python.h).
#include "analyzer/lint/translation_unit_python.h"

namespace reftally::lint {

using namespace clang;

void PythonFunction::say(const std::string& what) {
  if (said_.insert(what).second) say_python(types_, what);
}

std::string PythonFunction::name_of(const PySymbol& symbol) const {
  return symbol.name.empty() ? "the result of " + symbol.source + "()" : "'" + symbol.name + "'";
}

void PythonFunction::report(const char* rule, const PySymbol& symbol, SourceLocation where, const std::string& message,
                            const std::string& detail, std::set<std::string> needs, SourceLocation second,
                            const std::string& second_text) {
  SiteFact fact;
  fact.rule = rule;
  fact.severity = "warning";
  fact.location = types_.location(where);
  fact.subject = key_;
  fact.message = message;
  fact.detail = function_->getQualifiedNameAsString() + " " + symbol.source + " " + symbol.name + " " + detail;
  if (second.isValid()) fact.notes.emplace_back(types_.location(second), second_text);
  needs.insert(symbol.needs.begin(), symbol.needs.end());
  fact.needs.assign(needs.begin(), needs.end());
  types_.add_site(std::move(fact));
}

// What callers may know of the function: does it return a reference of theirs?
void PythonFunction::say_result(const PySymbol* result) {
  if (!result || result->doubt) return say("returns-unknown:" + key_);
  if (result->null == PyNull::kYes) return;
  const bool passes_on = result->count == 0 && result->origin == PyOrigin::kNew && !result->needs.empty();
  if (result->count < 0) return say("returns-borrowed:" + key_);
  if (!passes_on) return say("returns-new:" + key_);
  for (const std::string& need : result->needs)
    if (StringRef(need).starts_with("+returns-new:")) say("returns-as:" + key_ + ":" + need.substr(13));
}

void PythonFunction::report_leak(const PySymbol& symbol, bool is_result, SourceLocation where) {
  if (symbol.origin != PyOrigin::kNew && symbol.origin != PyOrigin::kBorrowed) return;
  const std::string what = symbol.origin == PyOrigin::kNew ? "the reference that " + symbol.source + "() returned"
                                                           : "the reference taken with Py_INCREF()";
  const std::string variable = symbol.name.empty() ? "" : " in '" + symbol.name + "'";
  const std::string function = function_->getNameAsString();
  report("py-leak", symbol, symbol.at, what + variable + " is not released on every way through " + function + "()",
         "leak", {}, where,
         is_result ? "one more than the caller gets when it leaves here" : "not released when it leaves here");
}

void PythonFunction::report_unpaid_result(const PySymbol& symbol, SourceLocation where) {
  const bool lent = symbol.origin == PyOrigin::kBorrowed || symbol.origin == PyOrigin::kSingleton;
  std::string what = name_of(symbol);
  if (symbol.origin == PyOrigin::kSingleton) what = symbol.source;
  if (symbol.origin == PyOrigin::kBorrowed) what += ", borrowed from " + symbol.source + "(),";
  if (symbol.origin == PyOrigin::kParameter) what = "its argument '" + symbol.source + "'";
  if (symbol.origin == PyOrigin::kMember) what = "the member '" + symbol.source + "'";
  // A function that nobody but the project calls may lend; one that lends here and gives there may not.
  report("py-borrowed", symbol, where,
         function_->getNameAsString() + "() returns " + what + " without a reference for the caller", "return",
         {lent ? "+entry:" + key_ + "|returns-new:" + key_ : "+entry:" + key_});
}

// A reference that was not the function's own was given away: to a member, or to a call that takes it over.
void PythonFunction::report_unpaid_gift(const PySymbol& symbol) {
  const bool is_argument = symbol.origin == PyOrigin::kParameter;
  std::set<std::string> needs;
  if (is_argument) needs.insert("+entry:" + key_);
  if (StringRef(symbol.given_to).starts_with("member:")) {
    if (symbol.released || !(is_argument || symbol.origin == PyOrigin::kBorrowed)) return;
    needs.insert("+owned-field:" + symbol.given_to.substr(7));
    report("py-borrowed", symbol, symbol.given_at,
           function_->getNameAsString() + "() keeps " + name_of(symbol) + " in a member without a reference of its own",
           "store", needs);
  } else if (symbol.origin == PyOrigin::kBorrowed || symbol.origin == PyOrigin::kSingleton) {
    const std::string what = symbol.origin == PyOrigin::kSingleton ? symbol.source : name_of(symbol);
    report("py-borrowed", symbol, symbol.given_at,
           what + " is a borrowed reference, and " + symbol.given_to + "() takes it over", "steal " + symbol.given_to,
           {}, symbol.at, "borrowed here");
  } else if (is_argument) {
    report("py-borrowed", symbol, symbol.given_at,
           name_of(symbol) + " belongs to the caller, and " + symbol.given_to + "() takes it over",
           "steal " + symbol.given_to, needs);
  } else if (symbol.origin == PyOrigin::kNew) {
    report("py-over-release", symbol, symbol.given_at,
           name_of(symbol) + " is given to " + symbol.given_to +
               "(), which takes it over, after it was given away or released",
           "twice", {}, symbol.at, "its only reference is made here");
  }
}

// The end of a path: every sum must be zero.
void PythonFunction::finish(PyState& state, SymbolId returned, bool returns_object, SourceLocation where) {
  const bool runs_once = StringRef(function_->getNameAsString()).starts_with("PyInit_");
  PySymbol* result = find(returned, state);
  if (result && result->null != PyNull::kYes) {
    --result->count;
    // A new reference stays with the caller when the member that was set too only looks back.
    if (result->origin == PyOrigin::kNew && StringRef(result->given_to).starts_with("member:"))
      result->needs.insert("+owned-field:" + result->given_to.substr(7));
    result->given_at = where;
    result->given_to = "return";
  }
  if (returns_object) say_result(result);
  for (const auto& [id, symbol] : state.symbols) {
    if (symbol.doubt || symbol.null == PyNull::kYes || (symbol.needs_test && symbol.null != PyNull::kNo)) continue;
    const bool is_result = &symbol == result;
    if (symbol.count > 0 && !runs_once) report_leak(symbol, is_result, where);
    if (symbol.count >= 0) continue;
    if (is_result) {
      if (returns_object) report_unpaid_result(symbol, where);
      continue;
    }
    if (symbol.origin == PyOrigin::kParameter)
      say("steals:" + key_ + ":" + std::to_string(static_cast<const ParmVarDecl*>(id)->getFunctionScopeIndex()));
    // "memory" is an array of their own, which may well borrow.
    if (!symbol.given_to.empty() && symbol.given_to != "memory") report_unpaid_gift(symbol);
  }
}

}  // namespace reftally::lint
