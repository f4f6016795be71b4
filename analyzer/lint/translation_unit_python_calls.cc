// What calls in a CPython extension do with references (translation_unit_python.h, tables in python_api.cc).
#include <clang/AST/Attr.h>
#include <clang/AST/ExprCXX.h>
#include <llvm/ADT/StringSwitch.h>

#include "analyzer/lint/translation_unit_python.h"

namespace reftally::lint {

using namespace clang;

namespace {

StringRef name_of_callee(const CallExpr* call) {
  const FunctionDecl* callee = call->getDirectCallee();
  return callee && callee->getDeclName().isIdentifier() ? callee->getName() : StringRef();
}

// "tp_alloc" of type->tp_alloc(type, 0): slots of type objects and their tables of functions.
StringRef slot_of_callee(const CallExpr* call) {
  const auto* member = dyn_cast<MemberExpr>(strip_casts(call->getCallee()));
  if (!member) return {};
  const auto* record = dyn_cast<RecordDecl>(member->getMemberDecl()->getDeclContext());
  if (!record || !member->getMemberDecl()->getDeclName().isIdentifier()) return {};
  const StringRef owner = record_name(record);
  const bool is_table = owner == "_typeobject" || (owner.starts_with("Py") && owner.ends_with("Methods"));
  return is_table ? member->getMemberDecl()->getName() : StringRef();
}

std::string format_of(const CallExpr* call, unsigned at) {
  if (at >= call->getNumArgs()) return {};
  const auto* text = dyn_cast<clang::StringLiteral>(strip_casts(call->getArg(at)));
  return text && text->getCharByteWidth() == 1 ? text->getString().str() : std::string();
}

// Where the format of a Py_BuildValue-like call stands; -1: it has none.
int build_format_at(StringRef name) {
  return llvm::StringSwitch<int>(name)
      .Cases("Py_BuildValue", "_Py_BuildValue_SizeT", 0)
      .Cases("PyObject_CallFunction", "_PyObject_CallFunction_SizeT", "PyEval_CallFunction", 1)
      .Cases("PyObject_CallMethod", "_PyObject_CallMethod_SizeT", "PyEval_CallMethod", 2)
      .Default(-1);
}

int parse_format_at(StringRef name) {
  return llvm::StringSwitch<int>(name)
      .Cases("PyArg_ParseTuple", "_PyArg_ParseTuple_SizeT", "PyArg_Parse", "_PyArg_Parse_SizeT", 1)
      .Cases("PyArg_ParseTupleAndKeywords", "_PyArg_ParseTupleAndKeywords_SizeT", 2)
      .Default(-1);
}

bool frees_argument(StringRef name) {
  return llvm::StringSwitch<bool>(name)
      .Cases("PyObject_Free", "PyObject_Del", "PyObject_GC_Del", "PyMem_Free", "free", "tp_free", "PyObject_FREE", true)
      .Default(false);
}

}  // namespace

void PythonFunction::give(SymbolId id, const std::string& to, SourceLocation where, PyState& state) const {
  PySymbol* symbol = find(id, state);
  if (!symbol || symbol->null == PyNull::kYes) return;
  --symbol->count;
  symbol->kept = true;
  symbol->given_at = where;
  symbol->given_to = to;
}

void PythonFunction::release(SymbolId id, SourceLocation where, PyState& state) {
  PySymbol* symbol = find(id, state);
  if (!symbol || symbol->null == PyNull::kYes) return;
  if (symbol->origin == PyOrigin::kMember && StringRef(symbol->given_to).starts_with("member:"))
    say("owned-field:" + symbol->given_to.substr(7));
  if (symbol->origin == PyOrigin::kMember || symbol->doubt) {
    --symbol->count;
    return;
  }
  const bool owned = symbol->count > 0;
  const bool stored = symbol->given_to == "memory" || StringRef(symbol->given_to).starts_with("member:");
  // `Py_XDECREF(PyTuple_GET_ITEM(self, i))` empties a tuple of one's own.
  const bool in_place = symbol->name.empty() && StringRef(symbol->source).ends_with("_GET_ITEM");
  const auto* parameter = symbol->origin == PyOrigin::kParameter ? static_cast<const ParmVarDecl*>(id) : nullptr;
  if (!owned && symbol->origin == PyOrigin::kBorrowed) {
    if (!stored && !in_place)
      report("py-over-release", *symbol, where,
             name_of(*symbol) + " is released, but " + symbol->source + "() only lent it", "borrowed", {}, symbol->at,
             "borrowed here");
    symbol->doubt = true;
  } else if (!owned && symbol->origin == PyOrigin::kNew) {
    const std::string before = symbol->released ? "released"
                               : stored         ? "stored"
                                                : "given to " + symbol->given_to + "()";
    // `self->x = v; … Py_DECREF(v)` on a path that frees self too is the usual way out of a constructor.
    if (before != "stored")
      report("py-over-release", *symbol, where, name_of(*symbol) + " is released after it was " + before, "again", {},
             symbol->given_at.isValid() ? symbol->given_at : symbol->at, "its only reference goes here");
    symbol->doubt = true;
  } else if (!owned && parameter && parameter->getFunctionScopeIndex() > 0) {
    report("py-over-release", *symbol, where, name_of(*symbol) + " is released, but it belongs to the caller",
           "argument", {"+entry:" + key_});
  } else if (!owned && symbol->origin == PyOrigin::kSingleton) {
    report("py-over-release", *symbol, where, symbol->source + " is released without a reference of its own",
           "singleton", {});
    symbol->doubt = true;
  }
  --symbol->count;
  symbol->given_at = where;
  symbol->given_to.clear();
  if (symbol->count > 0 || symbol->origin != PyOrigin::kNew || symbol->kept) return;
  symbol->released = true;
}

// A use of what was surely freed: by its last release, or with the object that lent it.
void PythonFunction::use(SymbolId id, SourceLocation where, StringRef by, PyState& state) {
  PySymbol* symbol = find(id, state);
  if (!symbol || symbol->doubt || symbol->null == PyNull::kYes) return;
  if (symbol->released && symbol->count <= 0) {
    report("py-over-release", *symbol, where, name_of(*symbol) + " is used after its last reference was released",
           "used " + by.str(), {}, symbol->given_at, "released here");
    symbol->doubt = true;
    return;
  }
  const PySymbol* parent = find(symbol->parent, state);
  if (symbol->origin != PyOrigin::kBorrowed || symbol->count > 0 || !parent || !parent->released) return;
  if (parent->count > 0 || parent->doubt) return;
  report("py-borrowed", *symbol, where,
         name_of(*symbol) + " is used after " + name_of(*parent) + ", which lent it, was released", "dangling", {},
         parent->given_at, "released here");
  symbol->doubt = true;
}

SymbolId PythonFunction::make(const Expr* call, PyReturn kind, const std::string& source, PyState& state) {
  if (PySymbol* before = find(call, state); before && before->count > 0 && !before->doubt) {
    // A loop comes back before the last one was let go. When a variable still has it, that may be what is meant.
    const bool is_held = std::any_of(state.places.begin(), state.places.end(),
                                     [&](const auto& place) { return place.second == call && place.first.base; });
    if (!is_held)
      report("py-leak", *before, before->at,
             "the reference that " + source + "() returned is not released before the loop makes the next", "leak", {});
    else if (before->null != PyNull::kYes)
      report("py-leak", *before, before->at,
             "the reference that " + source + "() returned in " + name_of(*before) +
                 " is not released before the loop makes the next",
             "leak", {});
  }
  std::erase_if(state.places, [&](const auto& place) { return place.second == call; });
  state.symbols.erase(call);
  state.values.erase(call);
  if (kind == PyReturn::kUnknown) return nullptr;
  PySymbol symbol;
  symbol.origin = kind == PyReturn::kBorrowed ? PyOrigin::kBorrowed : PyOrigin::kNew;
  symbol.count = kind == PyReturn::kNew ? 1 : 0;
  const StringRef name = source;  // _Py_BuildValue_SizeT is what Py_BuildValue expands to
  symbol.source = name.ends_with("_SizeT") ? name.drop_front().drop_back(6).str() : source;
  symbol.at = call->getExprLoc();
  symbol.is_atom = py_makes_atom(source);
  symbol.kept = !py_makes_fresh(source);
  state.values[call] = call;
  return add(call, symbol, state);
}

bool PythonFunction::on_count_macro(const CallExpr* call, StringRef name, PyState& state) {
  enum Effect { kNeither, kTake, kRelease, kTakeAndHand, kHand };
  const auto effect =
      llvm::StringSwitch<Effect>(name)
          .Cases("Py_INCREF", "Py_XINCREF", "_Py_INCREF", "_Py_XINCREF", "Py_IncRef", "_Py_IncRef", kTake)
          .Cases("Py_DECREF", "Py_XDECREF", "_Py_DECREF", "_Py_XDECREF", "Py_DecRef", "_Py_DecRef", kRelease)
          .Cases("Py_NewRef", "Py_XNewRef", "_Py_NewRef", "_Py_XNewRef", kTakeAndHand)
          .Cases("_PyObject_CAST", "_PyObject_CAST_CONST", "_PyVarObject_CAST", kHand)
          .Default(kNeither);
  if (effect == kNeither || call->getNumArgs() == 0) return false;
  const SymbolId id = eval(call->getArg(0), state);
  PySymbol* symbol = find(id, state);
  if (effect == kRelease) {
    release(id, call->getExprLoc(), state);
  } else if (effect != kHand && symbol && symbol->null != PyNull::kYes) {
    use(id, call->getExprLoc(), name, state);
    if (symbol->origin == PyOrigin::kBorrowed && symbol->count == 0 && symbol->given_to.empty())
      symbol->at = call->getExprLoc();
    ++symbol->count;
  }
  if (effect == kTakeAndHand || effect == kHand) state.values[call] = id;
  return true;
}

void PythonFunction::set_variable(const Expr* address, SymbolId id, PyState& state) {
  const auto* op = dyn_cast<UnaryOperator>(strip_casts(address));
  if (!op || op->getOpcode() != UO_AddrOf || !is_python_object(op->getSubExpr()->getType())) return doubt(id, state);
  const auto place = place_of(op->getSubExpr());
  if (!place) return doubt(id, state);
  // A member that PyArg_Parse sets is paid for, or not, by what follows when it succeeds.
  if (!place->path.empty()) doubt(id, state);
  bind(*place, id, state);
}

// Out parameters: objects that arrive in variables whose address was given.
void PythonFunction::receive(const CallExpr* call, StringRef name, PyState& state) {
  const int format_at = parse_format_at(name);
  const std::string format = format_at < 0 ? "" : format_of(call, format_at);
  const std::vector<char> units = py_parse_units(format);
  const unsigned first_unit = format_at + (name.contains("Keywords") ? 2 : 1);
  const auto out = py_out(name.str());
  for (unsigned i = 0; i < call->getNumArgs(); ++i) {
    const auto* address = dyn_cast<UnaryOperator>(strip_casts(call->getArg(i)));
    if (!address || address->getOpcode() != UO_AddrOf || !is_python_object(address->getSubExpr()->getType())) continue;
    if (out && out->kind == PyReturn::kUnknown) continue;  // the variable keeps its reference
    PySymbol symbol;
    symbol.source = name.str();
    symbol.at = call->getExprLoc();
    symbol.doubt = true;
    if (format_at >= 0 && i >= first_unit && i - first_unit < units.size() && units[i - first_unit] != '&') {
      symbol.origin = PyOrigin::kBorrowed;
      symbol.doubt = false;
      symbol.from_caller = true;
      symbol.kept = true;
      const char unit = units[i - first_unit];
      symbol.is_atom = unit == 'U' || unit == 'S' || (i > first_unit && units[i - first_unit - 1] == '!');
    } else if (name.contains("PyArg_Unpack")) {
      symbol.origin = PyOrigin::kBorrowed;
      symbol.doubt = false;
      symbol.from_caller = true;
    } else if (out && i >= out->first && i <= out->last) {
      symbol.origin = out->kind == PyReturn::kNew ? PyOrigin::kNew : PyOrigin::kBorrowed;
      symbol.count = out->kind == PyReturn::kNew;
      symbol.doubt = false;
      symbol.needs_test = true;
      if (out->kind == PyReturn::kBorrowed) symbol.parent = eval(call->getArg(0), state);
    }
    const auto place = place_of(address->getSubExpr());
    eval(address->getSubExpr(), state);  // a parameter may be named here for the first time
    const auto old = place ? state.places.find(*place) : state.places.end();
    if (old != state.places.end() && out && out->replaces) give(old->second, name.str(), call->getExprLoc(), state);
    if (old != state.places.end() && !out && format_at < 0) doubt(old->second, state);
    state.symbols.erase(address);
    set_variable(address, add(address, symbol, state), state);
  }
}

void PythonFunction::on_api_call(const CallExpr* call, StringRef name, PyState& state) {
  const uint32_t steals = py_steals(name.str());
  const int format_at = build_format_at(name);
  const std::vector<char> units = py_build_units(format_at < 0 ? "" : format_of(call, format_at));
  for (unsigned i = 0; i < call->getNumArgs(); ++i) {
    const SymbolId id = eval(call->getArg(i), state);
    PySymbol* symbol = find(id, state);
    if (!symbol) continue;
    const bool by_format = format_at >= 0 && static_cast<int>(i) > format_at && i - format_at - 1 < units.size() &&
                           units[i - format_at - 1] == 'N';
    use(id, call->getExprLoc(), name, state);
    const bool taken = by_format || (i < 32 && (steals >> i & 1));
    // Whoever sets items of a tuple that is not new trades them, and knows why.
    const PySymbol* container = name.ends_with("_SET_ITEM") ? find(eval(call->getArg(0), state), state) : symbol;
    if (taken && (!container || (container != symbol && container->origin != PyOrigin::kNew)))
      symbol->doubt = true;
    else if (taken)
      give(id, name.str(), call->getExprLoc(), state);
    else if (py_may_keep_argument(name.str()))
      symbol->kept = true;
    if (py_asks_type(name.str())) symbol->is_atom = true;
    // Steals when it succeeds, and not otherwise.
    if ((name == "PyModule_AddObject" && i == 2) || frees_argument(name)) symbol->doubt = true;
    if (name == "PyObject_GC_Track" || name.starts_with("PyObject_Init")) symbol->kept = true;
  }
  receive(call, name, state);
  if (!is_python_object(call->getType())) return;
  const PyReturn kind = py_returns(name.str());
  if (kind == PyReturn::kNull) {
    state.values.erase(call);
    return;
  }
  const SymbolId id = make(call, kind, name.str(), state);
  PySymbol* symbol = find(id, state);
  if (symbol && kind == PyReturn::kBorrowed && call->getNumArgs() > 0) symbol->parent = eval(call->getArg(0), state);
}

// A function of the project: what it needs to be is written down, and looked up when all files are read.
void PythonFunction::on_project_call(const CallExpr* call, const FunctionDecl* callee, PyState& state) {
  const Key key = types_.key(callee);
  for (unsigned i = 0; i < call->getNumArgs(); ++i) {
    const SymbolId id = eval(call->getArg(i), state);
    PySymbol* symbol = find(id, state);
    if (!symbol) continue;
    use(id, call->getExprLoc(), callee->getNameAsString(), state);
    symbol->kept = true;
    symbol->needs.insert("+defined:" + key);
    symbol->needs.insert("-steals:" + key + ":" + std::to_string(i));
    if (symbol->origin == PyOrigin::kParameter && symbol->count == 0)
      say("steals-as:" + key_ + ":" + std::to_string(static_cast<const ParmVarDecl*>(id)->getFunctionScopeIndex()) +
          "=" + key + ":" + std::to_string(i));
  }
  receive(call, {}, state);
  if (!is_python_object(call->getType())) return;
  for (const auto* annotation : callee->specific_attrs<AnnotateAttr>())
    if (annotation->getAnnotation().contains("borrowed")) {
      make(call, PyReturn::kUnknown, {}, state);
      return;
    }
  PySymbol* symbol = find(make(call, PyReturn::kNew, callee->getNameAsString(), state), state);
  symbol->needs = {"+returns-new:" + key, "-returns-borrowed:" + key, "-returns-unknown:" + key};
}

void PythonFunction::on_slot_call(const CallExpr* call, StringRef slot, PyState& state) {
  for (const Expr* argument : call->arguments())
    if (PySymbol* symbol = find(eval(argument, state), state)) {
      symbol->kept = true;
      if (frees_argument(slot)) symbol->doubt = true;
    }
  if (is_python_object(call->getType())) make(call, PyReturn::kNew, slot.str(), state);
}

void PythonFunction::on_call(const CallExpr* call, PyState& state) {
  const StringRef name = name_of_callee(call);
  const FunctionDecl* callee = call->getDirectCallee();
  if (on_count_macro(call, name, state)) return;
  const bool is_plain = !isa<CXXMemberCallExpr, CXXOperatorCallExpr>(call);
  const bool is_project = callee && types_.is_project(callee->getLocation());
  if (is_plain && !is_project && (name.starts_with("Py") || name.starts_with("_Py")))
    return on_api_call(call, name, state);
  if (is_plain && is_project) return on_project_call(call, callee, state);
  if (const StringRef slot = slot_of_callee(call); !slot.empty()) return on_slot_call(call, slot, state);
  if (name.starts_with("__builtin")) return;
  // Somebody else's code: it may do anything.
  for (const Expr* argument : call->arguments()) doubt(eval(argument, state), state);
  receive(call, {}, state);
  if (is_python_object(call->getType())) make(call, PyReturn::kUnknown, {}, state);
}

}  // namespace reftally::lint
