// Paths through a function of a CPython extension (translation_unit_python.h).
#include "analyzer/lint/translation_unit_python.h"

#include <clang/AST/Attr.h>
#include <clang/AST/RecursiveASTVisitor.h>
#include <clang/Basic/IdentifierTable.h>

namespace reftally::lint {

using namespace clang;

namespace {

constexpr int kMostBlocks = 4000;  // visits; a function that needs more is given up, and said to be
constexpr int kMostReferences = 3;

const RecordDecl* first_record(const RecordDecl* record) {
  record = record->getDefinition();
  if (!record || record->field_empty()) return nullptr;
  return record->field_begin()->getType()->getAsRecordDecl();
}

// Variables whose address is taken elsewhere than as an argument of a call; pointers that name one lvalue for good.
class AddressVisitor : public RecursiveASTVisitor<AddressVisitor> {
 public:
  std::map<const VarDecl*, const Expr*> aliases;
  std::set<const VarDecl*> taken, rebound;
  bool VisitVarDecl(VarDecl* variable) {
    const auto* address =
        dyn_cast_or_null<UnaryOperator>(variable->getInit() ? strip_casts(variable->getInit()) : nullptr);
    if (!address || address->getOpcode() != UO_AddrOf || !variable->getType()->isPointerType()) return true;
    if (!variable->getType()->getPointeeType()->isPointerType()) return true;
    aliases[variable] = address->getSubExpr();
    accounted_.insert(address);
    return true;
  }
  bool VisitCallExpr(CallExpr* call) {
    for (const Expr* argument : call->arguments()) accounted_.insert(strip_casts(argument));
    return true;
  }
  bool VisitUnaryOperator(UnaryOperator* address) {
    if (address->getOpcode() != UO_AddrOf || accounted_.count(address)) return true;
    if (const auto* named = dyn_cast<DeclRefExpr>(strip_casts(address->getSubExpr())))
      if (const auto* variable = dyn_cast<VarDecl>(named->getDecl())) taken.insert(variable);
    return true;
  }
  bool VisitBinaryOperator(BinaryOperator* assignment) {
    if (!assignment->isAssignmentOp()) return true;
    if (const auto* named = dyn_cast<DeclRefExpr>(strip_casts(assignment->getLHS())))
      if (const auto* variable = dyn_cast<VarDecl>(named->getDecl())) rebound.insert(variable);
    return true;
  }

 private:
  std::set<const Expr*> accounted_;
};

// Nothing in it can change what it says from one evaluation to the next but an assignment to its variables.
class PureVisitor : public RecursiveASTVisitor<PureVisitor> {
 public:
  bool is_pure = true;
  bool VisitCallExpr(CallExpr*) { return is_pure = false; }
  bool VisitStmtExpr(StmtExpr*) { return is_pure = false; }
  bool VisitBinaryOperator(BinaryOperator* op) { return is_pure = is_pure && !op->isAssignmentOp(); }
  bool VisitUnaryOperator(UnaryOperator* op) { return is_pure = is_pure && !op->isIncrementDecrementOp(); }
};

// The condition without !, == NULL and __builtin_expect; `negated` says how many of them turned it round.
const Expr* bare_condition(const Expr* condition, bool& negated, ASTContext& context) {
  for (;;) {
    condition = strip_casts(condition);
    if (const auto* op = dyn_cast<UnaryOperator>(condition); op && op->getOpcode() == UO_LNot) {
      negated = !negated;
      condition = op->getSubExpr();
      continue;
    }
    if (const auto* op = dyn_cast<BinaryOperator>(condition); op && op->isEqualityOp()) {
      auto is_null = [&](const Expr* side) {
        return side->IgnoreParenCasts()->isNullPointerConstant(context, Expr::NPC_ValueDependentIsNull) !=
                   Expr::NPCK_NotNull &&
               !side->getType()->isBooleanType();
      };
      const bool left = is_null(op->getLHS()), right = is_null(op->getRHS());
      const Expr* other = left ? op->getRHS() : op->getLHS();
      if ((left || right) && strip_casts(other)->getType()->isPointerType()) {
        if (op->getOpcode() == BO_EQ) negated = !negated;
        condition = other;
        continue;
      }
    }
    if (const auto* call = dyn_cast<CallExpr>(condition)) {
      const FunctionDecl* callee = call->getDirectCallee();
      if (callee && callee->getDeclName().isIdentifier() && callee->getName() == "__builtin_expect") {
        condition = call->getArg(0);
        continue;
      }
    }
    return condition;
  }
}

}  // namespace

bool is_python_extension(ASTContext& context) {
  auto known = context.Idents.find("PyObject");
  if (known == context.Idents.end()) return false;
  const IdentifierInfo& cython = context.Idents.get("CYTHON_HEX_VERSION");
  if (cython.hadMacroDefinition()) return false;
  return !context.getTranslationUnitDecl()->lookup(&context.Idents.get("PyObject")).empty();
}

bool is_python_object(QualType type) {
  type = type.getCanonicalType();
  if (!type->isPointerType()) return false;
  const RecordDecl* record = type->getPointeeType()->getAsRecordDecl();
  for (int depth = 0; record && depth < 4; ++depth) {
    if (record->getName() == "_object") return true;
    if (record->getName() == "_typeobject") return false;
    const RecordDecl* definition = record->getDefinition();
    if (!definition || definition->isUnion() || definition->field_empty()) return false;
    if (definition->field_begin()->getNameAsString() == "ob_refcnt") return true;
    record = first_record(record);
  }
  return false;
}

StringRef record_name(const RecordDecl* record) {
  const TypedefNameDecl* alias = record->getTypedefNameForAnonDecl();
  return alias ? alias->getName() : record->getName();
}

const Expr* strip_casts(const Expr* expression) {
  for (;;) {
    const Expr* inner = expression->IgnoreParenCasts()->IgnoreImplicit();
    if (const auto* moved = dyn_cast<StmtExpr>(inner)) return moved;
    if (inner == expression) return inner;
    expression = inner;
  }
}

void say_python(UnitTypes& types, const std::string& what) {
  SiteFact fact;
  fact.rule = "py-says";
  fact.detail = what;
  types.add_site(std::move(fact));
}

PythonFunction::PythonFunction(UnitTypes& types, const FunctionDecl* function)
    : types_(types), function_(function), key_(types.key(function)) {}

void PythonFunction::find_aliases_and_memos(const CFG& graph) {
  AddressVisitor visitor;
  visitor.TraverseStmt(function_->getBody());
  for (const auto& [variable, lvalue] : visitor.aliases) {
    if (!visitor.rebound.count(variable)) {
      aliases_[variable] = lvalue;
    } else if (const auto* named = dyn_cast<DeclRefExpr>(strip_casts(lvalue))) {
      if (const auto* target = dyn_cast<VarDecl>(named->getDecl())) untracked_.insert(target);
    }
  }
  untracked_.insert(visitor.taken.begin(), visitor.taken.end());
  for (const CFGBlock* block : graph) {
    if (block->succ_size() != 2) continue;
    const auto* condition = dyn_cast_or_null<Expr>(block->getLastCondition());
    if (condition) ++conditions_[memo_of(condition)];
  }
}

// The text of a condition that can be asked again with the same answer; empty when it cannot.
std::string PythonFunction::memo_of(const Expr* condition) const {
  PureVisitor visitor;
  bool negated = false;
  const Expr* bare = bare_condition(condition, negated, types_.context);
  visitor.TraverseStmt(const_cast<Expr*>(bare));
  if (!visitor.is_pure) return {};
  std::string text;
  llvm::raw_string_ostream out(text);
  bare->printPretty(out, nullptr, PrintingPolicy(types_.context.getLangOpts()));
  return text;
}

void PythonFunction::check() {
  CFG::BuildOptions options;
  options.setAllAlwaysAdd();
  options.PruneTriviallyFalseEdges = true;
  const std::unique_ptr<CFG> graph = CFG::buildCFG(function_, function_->getBody(), &types_.context, options);
  if (!graph) return;
  say("defined:" + key_);
  find_aliases_and_memos(*graph);
  exit_ = &graph->getExit();
  work_.emplace_back(&graph->getEntry(), PyState());
  int budget = kMostBlocks;
  while (!work_.empty()) {
    if (--budget < 0) return say("too-large:" + function_->getQualifiedNameAsString());
    auto [block, state] = std::move(work_.back());
    work_.pop_back();
    if (visited_.emplace(block->getBlockID(), state).second) walk_block(*block, std::move(state));
  }
}

void PythonFunction::walk_block(const CFGBlock& block, PyState state) {
  if (&block == exit_) return finish(state, nullptr, false, function_->getBody()->getEndLoc());
  for (const CFGElement& element : block) {
    const auto on_statement_element = element.getAs<CFGStmt>();
    if (!on_statement_element) continue;
    const Stmt* statement = on_statement_element->getStmt();
    if (const auto* result = dyn_cast<ReturnStmt>(statement)) {
      const Expr* value = result->getRetValue();
      const bool is_object = value && is_python_object(function_->getReturnType());
      const SymbolId id = value && is_python_object(strip_casts(value)->getType()) ? eval(value, state) : nullptr;
      const bool is_null =
          is_null_symbol(id) || (value && value->IgnoreParenCasts()->isNullPointerConstant(
                                              types_.context, Expr::NPC_ValueDependentIsNull) != Expr::NPCK_NotNull);
      return finish(state, id, is_object && !is_null, result->getReturnLoc());
    }
    on_statement(statement, state);
  }
  if (block.hasNoReturnElement()) return;
  forget_unused(state);
  follow_edges(block, state);
}

void PythonFunction::follow_edges(const CFGBlock& block, const PyState& state) {
  const auto* condition = block.succ_size() == 2 ? dyn_cast_or_null<Expr>(block.getLastCondition()) : nullptr;
  if (block.getTerminatorStmt() && isa<SwitchStmt>(block.getTerminatorStmt())) condition = nullptr;
  int number = 0;
  for (const CFGBlock::AdjacentBlock& edge : block.succs()) {
    const bool taken = number++ == 0;
    const CFGBlock* next = edge.getReachableBlock();
    if (!next) continue;
    PyState after = state;
    if (!condition || refine(condition, taken, after)) work_.emplace_back(next, std::move(after));
  }
}

bool PythonFunction::refine_null(SymbolId id, bool is_null, PyState& state) const {
  PySymbol* symbol = find(id, state);
  if (!symbol) return true;
  if (symbol->null == (is_null ? PyNull::kNo : PyNull::kYes)) return false;
  symbol->null = is_null ? PyNull::kYes : PyNull::kNo;
  if (is_null) symbol->count = 0;
  return true;
}

std::optional<int64_t> PythonFunction::integer_value(const Expr* expression, const PyState& state) const {
  expression = strip_casts(expression);
  if (const auto* named = dyn_cast<DeclRefExpr>(expression)) {
    const auto known = state.integers.find(dyn_cast<VarDecl>(named->getDecl()));
    if (known != state.integers.end()) return known->second;
  }
  if (const auto* op = dyn_cast<BinaryOperator>(expression)) {
    const auto left = integer_value(op->getLHS(), state), right = integer_value(op->getRHS(), state);
    if (!left || !right) return std::nullopt;
    switch (op->getOpcode()) {
      case BO_EQ:
        return *left == *right;
      case BO_NE:
        return *left != *right;
      case BO_LT:
        return *left < *right;
      case BO_GT:
        return *left > *right;
      case BO_LE:
        return *left <= *right;
      case BO_GE:
        return *left >= *right;
      default:
        return std::nullopt;
    }
  }
  Expr::EvalResult result;
  if (!expression->isValueDependent() && expression->EvaluateAsInt(result, types_.context))
    return result.Val.getInt().getExtValue();
  return std::nullopt;
}

// Narrows the state to one outcome of a condition; false when that cannot be.
bool PythonFunction::refine(const Expr* condition, bool taken, PyState& state) const {
  bool negated = false;
  const Expr* bare = bare_condition(condition, negated, types_.context);
  const bool truth = taken != negated;
  if (const auto* assignment = dyn_cast<BinaryOperator>(bare); assignment && assignment->isAssignmentOp())
    bare = strip_casts(assignment->getLHS());
  if (is_python_object(bare->getType())) {
    const SymbolId id = const_cast<PythonFunction*>(this)->eval(bare, state);
    if (find(id, state)) return refine_null(id, !truth, state);
  }
  if (const auto* call = dyn_cast<CallExpr>(bare)) {
    const FunctionDecl* callee = call->getDirectCallee();
    // After an error what may be null is null.
    if (callee && callee->getDeclName().isIdentifier() && callee->getName() == "PyErr_Occurred" && truth)
      for (auto& [id, symbol] : state.symbols)
        if (symbol.null == PyNull::kMaybe && symbol.origin == PyOrigin::kNew) symbol.count = 0, symbol.doubt = true;
    return true;
  }
  if (const auto* op = dyn_cast<BinaryOperator>(bare);
      op && op->isEqualityOp() && is_python_object(op->getLHS()->getType())) {
    PythonFunction& self = const_cast<PythonFunction&>(*this);
    const SymbolId left = self.eval(op->getLHS(), state), right = self.eval(op->getRHS(), state);
    const PySymbol *a = find(left, state), *b = find(right, state);
    const bool is_equal = truth == (op->getOpcode() == BO_EQ);
    const bool none_a = a && a->origin == PyOrigin::kSingleton, none_b = b && b->origin == PyOrigin::kSingleton;
    if (left && (left == right || (none_a && none_b))) return (left == right) == is_equal;
    // What turns out to be None needs no release that matters.
    if (is_equal && none_a != none_b) self.doubt(none_a ? right : left, state);
  }
  if (const auto value = integer_value(bare, state)) return (*value != 0) == truth;
  const std::string memo = memo_of(bare);
  const auto asked = conditions_.find(memo);
  if (memo.empty() || asked == conditions_.end() || asked->second < 2) return true;
  const auto [slot, is_new] = state.truths.emplace(memo, truth);
  return is_new || slot->second == truth;
}

// A symbol that owns nothing and is in no variable can say nothing more.
void PythonFunction::forget_unused(PyState& state) const {
  std::set<SymbolId> used;
  for (const auto& [place, id] : state.places) used.insert(id);
  for (const auto& [id, symbol] : state.symbols)
    if (symbol.count != 0 || symbol.doubt) used.insert(id);
  for (const auto& [id, symbol] : state.symbols)
    if (used.count(id)) used.insert(symbol.parent);
  std::erase_if(state.values, [&](const auto& each) { return !used.count(each.second); });
  std::erase_if(state.symbols, [&](const auto& each) { return !used.count(each.first); });
  for (auto& [id, symbol] : state.symbols)
    if (std::abs(symbol.count) > kMostReferences) symbol.count = 0, symbol.doubt = true;
}

}  // namespace reftally::lint
