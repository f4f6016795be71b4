// Statements and expressions of a CPython extension: which object a variable or member names
// (translation_unit_python.h).
#include <clang/AST/Attr.h>
#include <clang/AST/ExprCXX.h>

#include "analyzer/lint/translation_unit_python.h"

namespace reftally::lint {

using namespace clang;

namespace {

std::string pointer_text(const void* pointer) { return std::to_string(reinterpret_cast<uintptr_t>(pointer)); }

bool is_null_constant(const Expr* expression, ASTContext& context) {
  return expression->isNullPointerConstant(context, Expr::NPC_ValueDependentIsNull) != Expr::NPCK_NotNull;
}

// Py_None and its like: "Py_None" from &_Py_NoneStruct, else empty.
std::string singleton_name(const Expr* expression) {
  const auto* address = dyn_cast<UnaryOperator>(expression);
  if (!address || address->getOpcode() != UO_AddrOf) return {};
  const auto* named = dyn_cast<DeclRefExpr>(strip_casts(address->getSubExpr()));
  if (!named || !named->getDecl()->getDeclName().isIdentifier()) return {};
  const StringRef name = named->getDecl()->getName();
  if (name == "_Py_NoneStruct") return "Py_None";
  if (name == "_Py_TrueStruct") return "Py_True";
  if (name == "_Py_FalseStruct") return "Py_False";
  if (name == "_Py_EllipsisObject") return "Py_Ellipsis";
  if (name == "_Py_NotImplementedStruct") return "Py_NotImplemented";
  return {};
}

// What was known of conditions that this variable is part of is known no more.
void forget_truths(PyState& state, const VarDecl* variable) {
  auto is_word = [](char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  const std::string name = variable->getNameAsString();
  std::erase_if(state.truths, [&](const auto& each) {
    const std::string& text = each.first;
    for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
      const size_t end = at + name.size();
      if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
    }
    return false;
  });
}

const void* const kNullSymbol = &kNullSymbol;

}  // namespace

bool is_null_symbol(SymbolId id) { return id == kNullSymbol; }

PySymbol* PythonFunction::find(SymbolId id, PyState& state) const {
  const auto known = state.symbols.find(id);
  return known == state.symbols.end() ? nullptr : &known->second;
}

void PythonFunction::doubt(SymbolId id, PyState& state) const {
  if (PySymbol* symbol = find(id, state)) symbol->doubt = true;
}

SymbolId PythonFunction::add(SymbolId id, PySymbol symbol, PyState& state) {
  state.symbols[id] = std::move(symbol);
  return id;
}

SymbolId PythonFunction::singleton(const std::string& name, PyState& state) {
  const SymbolId id = &*singletons_.insert(name).first;
  if (find(id, state)) return id;
  PySymbol symbol;
  symbol.origin = PyOrigin::kSingleton;
  symbol.null = PyNull::kNo;
  symbol.source = name;
  // Immortal since 3.12: their counts do not count.
  symbol.doubt = types_.context.Idents.get("_Py_IMMORTAL_REFCNT").hadMacroDefinition();
  return add(id, symbol, state);
}

std::optional<PyPlace> PythonFunction::place_of(const Expr* expression) const {
  expression = strip_casts(expression);
  if (const auto* named = dyn_cast<DeclRefExpr>(expression)) {
    const auto* variable = dyn_cast<VarDecl>(named->getDecl());
    if (!variable) return std::nullopt;
    if (variable->hasGlobalStorage()) return PyPlace{nullptr, "global " + pointer_text(variable->getCanonicalDecl())};
    return PyPlace{variable, {}};
  }
  if (const auto* member = dyn_cast<MemberExpr>(expression)) {
    auto place = place_of(member->getBase());
    if (isa<CXXThisExpr>(strip_casts(member->getBase()))) place = PyPlace{nullptr, "this"};
    if (!place) return std::nullopt;
    place->path += (member->isArrow() ? "->" : ".") + pointer_text(member->getMemberDecl()->getCanonicalDecl());
    return place;
  }
  if (const auto* op = dyn_cast<UnaryOperator>(expression); op && op->getOpcode() == UO_Deref) {
    if (const auto* named = dyn_cast<DeclRefExpr>(strip_casts(op->getSubExpr()))) {
      const auto alias = aliases_.find(dyn_cast<VarDecl>(named->getDecl()));
      if (alias != aliases_.end()) return place_of(alias->second);
    }
  }
  return std::nullopt;
}

// The first read of a parameter or of memory names a new symbol; later reads give the same.
SymbolId PythonFunction::load(const PyPlace& place, const Expr* expression, PyState& state) {
  if (const auto known = state.places.find(place); known != state.places.end()) return known->second;
  PySymbol symbol;
  symbol.at = expression->getExprLoc();
  const auto* parameter = dyn_cast_or_null<ParmVarDecl>(place.base);
  if (place.path.empty() && !parameter) return nullptr;           // not initialised yet
  if (place.base && place.path.starts_with(".")) return nullptr;  // a struct of our own, filled by somebody else
  symbol.origin = place.path.empty() ? PyOrigin::kParameter : PyOrigin::kMember;
  symbol.from_caller = place.path.empty();
  if (const auto* named = dyn_cast<DeclRefExpr>(expression)) symbol.source = named->getDecl()->getNameAsString();
  if (const auto* member = dyn_cast<MemberExpr>(expression)) {
    symbol.source = member->getMemberDecl()->getNameAsString();
    symbol.given_to = "member:" + types_.key(member->getMemberDecl());
  }
  symbol.name = symbol.source;
  const SymbolId id = place.path.empty() ? static_cast<SymbolId>(parameter) : static_cast<SymbolId>(expression);
  if (find(id, state)) return nullptr;  // it was read before, and another thing stands there now
  state.places[place] = id;
  return add(id, symbol, state);
}

SymbolId PythonFunction::eval(const Expr* expression, PyState& state) {
  if (!expression) return nullptr;
  expression = strip_casts(expression);
  if (is_null_constant(expression, types_.context)) return kNullSymbol;
  if (const std::string name = singleton_name(expression); !name.empty()) return singleton(name, state);
  if (const auto* call = dyn_cast<CallExpr>(expression)) {
    const auto known = state.values.find(call);
    return known == state.values.end() ? nullptr : known->second;
  }
  if (const auto* op = dyn_cast<BinaryOperator>(expression)) {
    if (op->isAssignmentOp()) return eval(op->getLHS(), state);
    if (op->getOpcode() == BO_Comma) return eval(op->getRHS(), state);
    return nullptr;
  }
  if (const auto* choice = dyn_cast<ConditionalOperator>(expression)) {
    const Expr *left = strip_casts(choice->getTrueExpr()), *right = strip_casts(choice->getFalseExpr());
    const SymbolId a = eval(left, state), b = eval(right, state);
    if (a == b) return a;
    // Only the call on this path has a value.
    if (isa<CallExpr>(left) && a && !(isa<CallExpr>(right) && b)) return a;
    if (isa<CallExpr>(right) && b && !(isa<CallExpr>(left) && a)) return b;
    doubt(a, state), doubt(b, state);
    return nullptr;
  }
  if (!is_python_object(expression->getType())) return nullptr;
  if (const auto place = place_of(expression)) return load(*place, expression, state);
  if (const auto* item = dyn_cast<ArraySubscriptExpr>(expression)) {
    // PyList_GET_ITEM and PyTuple_GET_ITEM are macros: list->ob_item[i].
    const auto* items = dyn_cast<MemberExpr>(strip_casts(item->getBase()));
    if (!items || items->getMemberDecl()->getName() != "ob_item") return nullptr;
    PySymbol symbol;
    symbol.origin = PyOrigin::kBorrowed;
    symbol.source = "PyTuple_GET_ITEM";
    symbol.at = expression->getExprLoc();
    symbol.parent = eval(items->getBase(), state);
    symbol.null = PyNull::kNo;
    if (const auto* tuple = dyn_cast<PointerType>(items->getBase()->getType().getCanonicalType().getTypePtr());
        tuple && tuple->getPointeeType().getAsString().find("List") != std::string::npos)
      symbol.source = "PyList_GET_ITEM";
    if (find(expression, state)) return expression;
    return add(expression, symbol, state);
  }
  return nullptr;
}

void PythonFunction::bind(const PyPlace& place, SymbolId id, PyState& state) {
  if (place.path.empty())  // what was reached through the old value is other memory now
    std::erase_if(state.places, [&](const auto& each) { return each.first.base == place.base; });
  if (PySymbol* symbol = find(id, state); symbol && symbol->name.empty() && place.base && place.path.empty())
    symbol->name = place.base->getNameAsString();
  // __attribute__((cleanup)) releases it where no code says so.
  if (place.base && (untracked_.count(place.base) || place.base->hasAttr<CleanupAttr>())) doubt(id, state);
  if (id)
    state.places[place] = id;
  else
    state.places.erase(place);
}

// Memory that is not ours takes over a reference; what stood there gives one back.
void PythonFunction::store(const Expr* target, SymbolId id, PyState& state) {
  target = strip_casts(target);
  const auto place = place_of(target);
  PySymbol* symbol = find(id, state);
  const auto* member = dyn_cast<MemberExpr>(target);
  const bool in_own_struct = place && place->base && !place->path.starts_with("->");
  if (in_own_struct || (member && !is_python_object(member->getType()) && symbol)) {
    doubt(id, state);
  } else if (symbol) {
    --symbol->count;
    symbol->kept = true;
    symbol->given_at = target->getExprLoc();
    symbol->given_to = "memory";
    if (member) {
      const std::string key = types_.key(member->getMemberDecl());
      symbol->given_to = "member:" + key;
      const bool from_user = symbol->from_caller || symbol->origin == PyOrigin::kParameter;
      if (symbol->origin != PyOrigin::kSingleton && symbol->null != PyNull::kYes && !symbol->is_atom)
        say((from_user ? "stores-user:" : "stores-any:") + key);
    }
  }
  if (!place) return;
  if (const auto old = state.places.find(*place); old != state.places.end())
    if (PySymbol* before = find(old->second, state); before && old->second != id) ++before->count;
  bind(*place, id, state);
}

void PythonFunction::on_declaration(const VarDecl* variable, PyState& state) {
  if (variable->isStaticLocal()) return;
  const PyPlace place{variable, {}};
  if (is_python_object(variable->getType())) {
    bind(place, variable->getInit() ? eval(variable->getInit(), state) : nullptr, state);
    return;
  }
  if (!variable->getType()->isIntegralOrEnumerationType()) return;
  state.integers.erase(variable);
  if (!variable->getInit()) return;
  if (const auto number = integer_value(variable->getInit(), state)) state.integers[variable] = *number;
}

void PythonFunction::on_assignment(const BinaryOperator* assignment, PyState& state) {
  const Expr* target = strip_casts(assignment->getLHS());
  const auto* named = dyn_cast<DeclRefExpr>(target);
  const auto* variable = named ? dyn_cast<VarDecl>(named->getDecl()) : nullptr;
  if (variable) forget_truths(state, variable);
  const bool simple = assignment->getOpcode() == BO_Assign;
  if (variable && variable->getType()->isIntegralOrEnumerationType()) {
    state.integers.erase(variable);
    if (simple)
      if (const auto number = integer_value(assignment->getRHS(), state)) state.integers[variable] = *number;
    return;
  }
  if (!simple || !is_python_object(strip_casts(assignment->getRHS())->getType())) {
    if (simple && variable && is_python_object(variable->getType()))
      bind({variable, {}}, eval(assignment->getRHS(), state), state);
    else if (simple && is_python_object(target->getType()))
      store(target, eval(assignment->getRHS(), state), state);
    return;
  }
  const SymbolId id = eval(assignment->getRHS(), state);
  if (variable && variable->hasLocalStorage() && is_python_object(variable->getType()))
    bind({variable, {}}, id, state);
  else if (variable && variable->hasLocalStorage())
    doubt(id, state);  // void* p = object
  else
    store(target, id, state);
}

void PythonFunction::on_statement(const Stmt* statement, PyState& state) {
  if (const auto* declarations = dyn_cast<DeclStmt>(statement)) {
    for (const Decl* declaration : declarations->decls())
      if (const auto* variable = dyn_cast<VarDecl>(declaration)) on_declaration(variable, state);
  } else if (const auto* op = dyn_cast<BinaryOperator>(statement)) {
    if (op->isAssignmentOp()) on_assignment(op, state);
  } else if (const auto* change = dyn_cast<UnaryOperator>(statement)) {
    const auto* named = dyn_cast<DeclRefExpr>(strip_casts(change->getSubExpr()));
    const auto* variable = named ? dyn_cast<VarDecl>(named->getDecl()) : nullptr;
    if (!variable || !(change->isIncrementDecrementOp() || change->getOpcode() == UO_AddrOf)) return;
    state.integers.erase(variable);
    forget_truths(state, variable);
  } else if (const auto* call = dyn_cast<CallExpr>(statement)) {
    on_call(call, state);
  } else if (const auto* construct = dyn_cast<CXXConstructExpr>(statement)) {
    for (const Expr* argument : construct->arguments()) doubt(eval(argument, state), state);
  } else if (const auto* list = dyn_cast<InitListExpr>(statement)) {
    for (const Expr* item : list->inits())
      if (is_python_object(item->getType())) doubt(eval(item, state), state);
  }
}

}  // namespace reftally::lint
