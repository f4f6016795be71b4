// A function body as steps in source order (facts.h). Lambda bodies belong to the function around them: their captures
// are its variables. No control flow is kept but one bit: an assignment deeper than its variable may not happen.
#include <clang/AST/DeclCXX.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/RecursiveASTVisitor.h>
#include <clang/Basic/SourceManager.h>

#include "analyzer/lint/translation_unit_types.h"

namespace reftally::lint {
namespace {

using namespace clang;

// Library functions by what they do to the references given to them. Receivers must be library types.
const llvm::StringSet<> kPassThrough = {"move",
                                        "forward",
                                        "as_const",
                                        "static_pointer_cast",
                                        "dynamic_pointer_cast",
                                        "const_pointer_cast",
                                        "reinterpret_pointer_cast",
                                        "static_pointer_cast",
                                        "addressof",
                                        "to_address",
                                        "get",
                                        "get_if",
                                        "any_cast",
                                        "make_pair",
                                        "make_tuple",
                                        "make_optional",
                                        "make_any",
                                        "tie",
                                        "qSharedPointerCast",
                                        "get_pointer",
                                        "move_if_noexcept",
                                        "next",
                                        "prev"};
const llvm::StringSet<> kMakers = {"make_shared",    "make_unique",    "allocate_shared",   "make_shared_for_overwrite",
                                   "make_intrusive", "MakeRefCounted", "make_local_shared", "make_refcounted"};
const llvm::StringSet<> kBinders = {"bind", "bind_front", "bind_back", "BindOnce", "BindRepeating", "mem_fn"};
const llvm::StringSet<> kReaders = {"lock",        "get",         "value",       "front",     "back",     "at",
                                    "top",         "begin",       "end",         "cbegin",    "cend",     "rbegin",
                                    "rend",        "find",        "data",        "release",   "value_or", "toStrongRef",
                                    "lower_bound", "upper_bound", "equal_range", "constData", "first",    "last"};
const llvm::StringSet<> kInserters = {"push_back",    "emplace_back", "push_front", "emplace_front", "insert",
                                      "emplace",      "push",         "assign",     "try_emplace",   "insert_or_assign",
                                      "reset",        "append",       "connect",    "insert_after",  "emplace_after",
                                      "emplace_hint", "splice",       "merge"};
const llvm::StringSet<> kEmptiers = {"reset",  "clear",     "erase",     "pop",     "pop_back", "pop_front",
                                     "remove", "remove_if", "swap",      "extract", "release",  "disconnect_all_slots",
                                     "resize", "take",      "takeFirst", "takeLast"};

StringRef simple_name(const NamedDecl* declaration) {
  return declaration && declaration->getDeclName().isIdentifier() ? declaration->getName() : StringRef();
}

bool is_null(const Expr* expression) {
  return isa<CXXNullPtrLiteralExpr>(expression) || isa<GNUNullExpr>(expression) ||
         isa<CXXScalarValueInitExpr>(expression) || isa<ImplicitValueInitExpr>(expression);
}

std::string name_of_argument(const Expr* argument) {
  if (const auto* reference = dyn_cast<DeclRefExpr>(argument)) return reference->getDecl()->getNameAsString();
  if (const auto* call = dyn_cast<CallExpr>(argument))
    if (const StringRef name = simple_name(call->getDirectCallee()); !name.empty()) return name.str() + "()";
  return "argument";
}

class BodyBuilder : public RecursiveASTVisitor<BodyBuilder> {
 public:
  BodyBuilder(UnitTypes& types, const FunctionDecl* function) : types_(types), function_(function) {}
  FunctionFact build();

  bool shouldVisitTemplateInstantiations() const { return false; }
  bool TraverseCXXRecordDecl(CXXRecordDecl*) { return true; }  // its methods are functions of their own
  bool TraverseLambdaExpr(LambdaExpr* lambda);
  bool TraverseCXXForRangeStmt(CXXForRangeStmt* loop);
  bool TraverseIfStmt(IfStmt* s) {
    return deeper([&] { return Base::TraverseIfStmt(s); });
  }
  bool TraverseForStmt(ForStmt* s) {
    return deeper([&] { return Base::TraverseForStmt(s); });
  }
  bool TraverseWhileStmt(WhileStmt* s) {
    return deeper([&] { return Base::TraverseWhileStmt(s); });
  }
  bool TraverseDoStmt(DoStmt* s) {
    return deeper([&] { return Base::TraverseDoStmt(s); });
  }
  bool TraverseSwitchStmt(SwitchStmt* s) {
    return deeper([&] { return Base::TraverseSwitchStmt(s); });
  }
  bool TraverseCXXTryStmt(CXXTryStmt* s) {
    return deeper([&] { return Base::TraverseCXXTryStmt(s); });
  }

  bool VisitVarDecl(VarDecl* variable);
  bool VisitCallExpr(CallExpr* call) { return value(call), true; }
  bool VisitCXXConstructExpr(CXXConstructExpr* construct) { return value(construct), true; }
  bool VisitCXXNewExpr(CXXNewExpr* expression) { return value(expression), true; }
  bool VisitBinaryOperator(BinaryOperator* assignment);
  bool VisitUnaryOperator(UnaryOperator* expression);
  bool VisitReturnStmt(ReturnStmt* statement);

 private:
  using Base = RecursiveASTVisitor<BodyBuilder>;

  template <class Visit>
  bool deeper(Visit visit) {
    ++depth_;
    const bool result = visit();
    --depth_;
    return result;
  }
  uint32_t add(Step step, SourceLocation where);
  uint32_t add(StepKind kind, SourceLocation where, std::vector<uint32_t> args = {}, Key id = {},
               std::string text = {});
  uint32_t local(const VarDecl* variable);
  const Expr* strip(const Expr* expression) const;
  std::vector<uint32_t> values(llvm::ArrayRef<const Expr*> expressions);
  uint32_t join(std::vector<uint32_t> parts, SourceLocation where);
  uint32_t element(uint32_t container, SourceLocation where) {
    return container == kNone ? kNone : add(StepKind::kElement, where, {container});
  }

  // Values: the index of a step, or kNone when nothing is known.
  uint32_t value(const Expr* expression);
  uint32_t compute(const Expr* expression);
  uint32_t value_of_reference(const DeclRefExpr* reference);
  uint32_t value_of_member(const MemberExpr* member);
  uint32_t value_of_call(const CallExpr* call);
  uint32_t value_of_library_call(const CallExpr* call, StringRef name);
  uint32_t value_of_library_method(const CXXMemberCallExpr* call, StringRef name);
  uint32_t value_of_operator(const CXXOperatorCallExpr* call);
  uint32_t value_of_project_call(const CallExpr* call, const FunctionDecl* callee);
  uint32_t value_of_construction(const CXXConstructExpr* construct);
  uint32_t value_of_maker(const CallExpr* call);
  uint32_t value_of_lambda(const LambdaExpr* lambda);
  uint32_t value_of_bind(const CallExpr* call);
  uint32_t value_of_list(const InitListExpr* list);
  uint32_t fresh(const CXXRecordDecl* record, const CXXConstructorDecl* constructor,
                 llvm::ArrayRef<const Expr*> arguments, SourceLocation where);
  uint32_t construct_base(const Expr* init, SourceLocation where);

  // Effects.
  void write(const Expr* target, uint32_t what, SourceLocation where, bool adds = false);
  void empty(const Expr* target, const std::string& how, SourceLocation where);
  void escape(const Expr* target, const std::string& how, SourceLocation where);
  // The member whose content an lvalue names: f, f[i], *f, f.second; `object` is the expression before it.
  const FieldDecl* field_of(const Expr* target, const Expr*& object, int depth = 0) const;
  const CXXConstructorDecl* pick_constructor(const CXXRecordDecl* record, llvm::ArrayRef<const Expr*> arguments) const;
  bool is_library(const FunctionDecl* callee);
  bool is_own_transfer() const;
  void add_overridden(const CXXMethodDecl* method);
  void add_prologue();
  void prune();

  UnitTypes& types_;
  const FunctionDecl* function_;
  FunctionFact fact_;
  llvm::DenseMap<const Expr*, uint32_t> values_;
  llvm::DenseMap<const VarDecl*, uint32_t> locals_;
  llvm::DenseMap<const VarDecl*, int> declared_depth_;
  llvm::DenseMap<const VarDecl*, const Expr*> aliases_;  // reference variables
  std::set<Key> calls_;
  int depth_ = 0, lambda_depth_ = 0, nesting_ = 0;
  bool may_have_returned_ = false;
};

uint32_t BodyBuilder::add(Step step, SourceLocation where) {
  const SourceManager& sources = types_.sources;
  where = sources.getExpansionLoc(where);
  step.line = sources.getExpansionLineNumber(where);
  step.column = sources.getExpansionColumnNumber(where);
  fact_.steps.push_back(std::move(step));
  return static_cast<uint32_t>(fact_.steps.size() - 1);
}

uint32_t BodyBuilder::add(StepKind kind, SourceLocation where, std::vector<uint32_t> args, Key id, std::string text) {
  Step step;
  step.kind = kind;
  step.args = std::move(args);
  step.id = std::move(id);
  step.text = std::move(text);
  return add(std::move(step), where);
}

uint32_t BodyBuilder::local(const VarDecl* variable) {
  auto [slot, is_new] = locals_.try_emplace(variable, static_cast<uint32_t>(fact_.locals.size()));
  if (is_new) {
    fact_.locals.push_back(variable->getNameAsString());
    declared_depth_[variable] = depth_;
  }
  return slot->second;
}

const Expr* BodyBuilder::strip(const Expr* expression) const {
  for (;;) {
    const Expr* inner = expression->IgnoreParenCasts()->IgnoreImplicit();
    if (const auto* init = dyn_cast<CXXDefaultInitExpr>(inner)) inner = init->getExpr();
    if (const auto* argument = dyn_cast<CXXDefaultArgExpr>(inner)) inner = argument->getExpr();
    if (const auto* list = dyn_cast<CXXStdInitializerListExpr>(inner)) inner = list->getSubExpr();
    if (inner == expression) return inner;
    expression = inner;
  }
}

std::vector<uint32_t> BodyBuilder::values(llvm::ArrayRef<const Expr*> expressions) {
  std::vector<uint32_t> result;
  for (const Expr* expression : expressions) result.push_back(value(expression));
  return result;
}

uint32_t BodyBuilder::join(std::vector<uint32_t> parts, SourceLocation where) {
  std::erase(parts, kNone);
  if (parts.empty()) return kNone;
  if (parts.size() == 1) return parts[0];
  return add(StepKind::kUnion, where, std::move(parts));
}

uint32_t BodyBuilder::value(const Expr* expression) {
  if (!expression || nesting_ > 200) return kNone;
  expression = strip(expression);
  if (auto known = values_.find(expression); known != values_.end()) return known->second;
  values_[expression] = kNone;  // a value that needs itself is unknown
  ++nesting_;
  const uint32_t result = compute(expression);
  --nesting_;
  values_[expression] = result;
  return result;
}

uint32_t BodyBuilder::compute(const Expr* e) {
  const SourceLocation at = e->getExprLoc();
  if (is_null(e)) return add(StepKind::kNull, at);
  if (isa<CXXThisExpr>(e)) return add(StepKind::kThis, at);
  if (const auto* reference = dyn_cast<DeclRefExpr>(e)) return value_of_reference(reference);
  if (const auto* member = dyn_cast<MemberExpr>(e)) return value_of_member(member);
  if (const auto* call = dyn_cast<CallExpr>(e)) return value_of_call(call);
  if (const auto* construct = dyn_cast<CXXConstructExpr>(e)) return value_of_construction(construct);
  if (const auto* lambda = dyn_cast<LambdaExpr>(e)) return value_of_lambda(lambda);
  if (const auto* list = dyn_cast<InitListExpr>(e)) return value_of_list(list);
  if (const auto* choice = dyn_cast<AbstractConditionalOperator>(e))
    return join(values({choice->getTrueExpr(), choice->getFalseExpr()}), at);
  if (const auto* subscript = dyn_cast<ArraySubscriptExpr>(e)) return value(subscript->getBase());
  if (const auto* source = dyn_cast<OpaqueValueExpr>(e)) return value(source->getSourceExpr());
  if (const auto* unary = dyn_cast<UnaryOperator>(e))
    return unary->getOpcode() == UO_AddrOf || unary->getOpcode() == UO_Deref ? value(unary->getSubExpr()) : kNone;
  if (const auto* binary = dyn_cast<BinaryOperator>(e))
    return binary->isCommaOp() || binary->getOpcode() == BO_Assign ? value(binary->getRHS()) : kNone;
  if (const auto* fresh_object = dyn_cast<CXXNewExpr>(e)) {
    const CXXRecordDecl* record = fresh_object->getAllocatedType()->getAsCXXRecordDecl();
    if (!record || types_.role(record) != TypeRole::kPlain) return kNone;
    const CXXConstructExpr* construct = fresh_object->getConstructExpr();
    if (construct)
      return fresh(record, construct->getConstructor(), {construct->getArgs(), construct->getNumArgs()}, at);
    return fresh_object->getInitializer() ? value(fresh_object->getInitializer()) : fresh(record, nullptr, {}, at);
  }
  return kNone;
}

uint32_t BodyBuilder::value_of_reference(const DeclRefExpr* reference) {
  const ValueDecl* declaration = reference->getDecl();
  if (const auto* binding = dyn_cast<BindingDecl>(declaration)) declaration = binding->getDecomposedDecl();
  const auto* variable = dyn_cast_or_null<VarDecl>(declaration);
  if (!variable || !variable->hasLocalStorage() || !types_.carries_object(variable->getType())) return kNone;
  Step step;
  step.kind = StepKind::kLocal;
  step.index = local(variable);
  return add(std::move(step), reference->getExprLoc());
}

uint32_t BodyBuilder::value_of_member(const MemberExpr* member) {
  const auto* field = dyn_cast<FieldDecl>(member->getMemberDecl());
  if (!field) return kNone;
  const uint32_t object = value(member->getBase());
  if (!types_.is_project(field->getLocation())) return object;  // pair.second
  if (object == kNone || !types_.carries_object(field->getType())) return kNone;
  return add(StepKind::kLoad, member->getExprLoc(), {object}, types_.key(field));
}

bool BodyBuilder::is_library(const FunctionDecl* callee) { return !types_.is_project(callee->getLocation()); }

uint32_t BodyBuilder::value_of_call(const CallExpr* call) {
  const FunctionDecl* callee = call->getDirectCallee();
  if (!callee) return kNone;
  if (const auto* on_operator = dyn_cast<CXXOperatorCallExpr>(call); on_operator) {
    const auto* method = dyn_cast<CXXMethodDecl>(callee);
    if (is_library(callee) || !method || types_.role(method->getParent()) != TypeRole::kPlain)
      return value_of_operator(on_operator);
  }
  const StringRef name = simple_name(callee);
  if (const auto* on_member = dyn_cast<CXXMemberCallExpr>(call)) {
    const CXXMethodDecl* method = on_member->getMethodDecl();
    if (method && (is_library(method) || types_.role(method->getParent()) != TypeRole::kPlain))
      return value_of_library_method(on_member, isa<CXXConversionDecl>(method) ? StringRef("get") : name);
  }
  if (is_library(callee) || kMakers.contains(name)) return value_of_library_call(call, name);
  return value_of_project_call(call, callee);
}

uint32_t BodyBuilder::value_of_operator(const CXXOperatorCallExpr* call) {
  if (call->getNumArgs() == 0) return kNone;
  switch (call->getOperator()) {
    case OO_Equal:
      if (call->getNumArgs() == 2) {
        const uint32_t what = value(call->getArg(1));
        write(call->getArg(0), what, call->getOperatorLoc());
        return what;
      }
      return kNone;
    case OO_PlusEqual:
      write(call->getArg(0), value(call->getArg(1)), call->getOperatorLoc(), true);
      return value(call->getArg(0));
    case OO_Subscript:
      return element(value(call->getArg(0)), call->getExprLoc());
    case OO_Arrow:
    case OO_Star:
    case OO_PlusPlus:
    case OO_MinusMinus:
    case OO_Plus:
    case OO_Pipe:
      return value(call->getArg(0));
    default:
      return kNone;
  }
}

uint32_t BodyBuilder::value_of_library_call(const CallExpr* call, StringRef name) {
  const llvm::ArrayRef<const Expr*> arguments(call->getArgs(), call->getNumArgs());
  const SourceLocation at = call->getExprLoc();
  if (kMakers.contains(name)) return value_of_maker(call);
  if (kBinders.contains(name)) return value_of_bind(call);
  if (name == "swap" && arguments.size() == 2) {
    for (const Expr* argument : arguments) empty(argument, "swap", at);
    return kNone;
  }
  if (name == "exchange" && arguments.size() == 2) {
    const uint32_t old = value(arguments[0]);
    empty(arguments[0], "exchange", at);
    write(arguments[0], value(arguments[1]), at);
    return old;
  }
  if ((name == "erase" || name == "erase_if") && !arguments.empty()) empty(arguments[0], name.str(), at);
  if (!kPassThrough.contains(name)) return kNone;
  const uint32_t result = join(values(arguments), at);
  if (name == "move" && !is_own_transfer() && !arguments.empty()) empty(arguments[0], "moved away", at);
  return result;
}

// A move constructor or assignment hands the member on to another object of the class: no break of a cycle.
bool BodyBuilder::is_own_transfer() const {
  const auto* method = dyn_cast<CXXMethodDecl>(function_);
  if (!method) return false;
  const auto* constructor = dyn_cast<CXXConstructorDecl>(method);
  return (constructor && constructor->isCopyOrMoveConstructor()) || method->isMoveAssignmentOperator() ||
         method->isCopyAssignmentOperator();
}

uint32_t BodyBuilder::value_of_library_method(const CXXMemberCallExpr* call, StringRef name) {
  const Expr* receiver = call->getImplicitObjectArgument();
  const SourceLocation at = call->getExprLoc();
  const llvm::ArrayRef<const Expr*> arguments(call->getArgs(), call->getNumArgs());
  if (name == "shared_from_this" || name == "weak_from_this") {
    const bool on_this = isa<CXXThisExpr>(strip(receiver));
    if (name == "shared_from_this" && on_this && lambda_depth_ == 0) {
      const uint32_t step = add(StepKind::kSharedThis, at);
      fact_.steps[step].flag = depth_ > 0 || may_have_returned_;
    }
    return value(receiver);
  }
  const uint32_t object = value(receiver);
  const bool takes_nothing = arguments.empty() || is_null(strip(arguments[0]));
  if (kEmptiers.contains(name) && (name != "reset" || takes_nothing)) empty(receiver, name.str(), at);
  if (kInserters.contains(name) && !takes_nothing) {
    const uint32_t what = join(values(arguments), at);
    if (what != kNone) write(receiver, what, at, name != "reset" && name != "assign");
    return name == "emplace" || name == "emplace_back" ? what : kNone;
  }
  if (name == "at" || name == "front" || name == "back") return element(object, at);
  return kReaders.contains(name) ? object : kNone;
}

uint32_t BodyBuilder::value_of_project_call(const CallExpr* call, const FunctionDecl* callee) {
  Step step;
  step.kind = StepKind::kCall;
  step.id = types_.key(callee);
  if (!step.id.empty()) calls_.insert(step.id);
  llvm::SmallVector<const Expr*> arguments(call->arguments());
  const Expr* receiver = nullptr;
  if (const auto* on_member = dyn_cast<CXXMemberCallExpr>(call)) {
    receiver = on_member->getImplicitObjectArgument();
    const auto* member = dyn_cast<MemberExpr>(on_member->getCallee()->IgnoreParens());
    step.flag = on_member->getMethodDecl()->isVirtual() && !(member && member->hasQualifier());
  } else if (isa<CXXOperatorCallExpr>(call) && isa<CXXMethodDecl>(callee)) {
    receiver = arguments.front();
    arguments.erase(arguments.begin());
  }
  step.args.push_back(receiver ? value(receiver) : kNone);
  for (size_t i = 0; i < arguments.size(); ++i) {
    step.args.push_back(value(arguments[i]));
    if (i >= callee->getNumParams()) continue;
    const QualType parameter = callee->getParamDecl(i)->getType();
    if (parameter->isLValueReferenceType() && !parameter->getPointeeType().isConstQualified())
      escape(arguments[i], "passed by reference", call->getExprLoc());
  }
  if (types_.carries_object(call->getType())) {
    if (const CXXRecordDecl* record = types_.object_class(call->getType())) step.text = types_.key(record);
    step.index |= kResultIsObject;
  }
  if (depth_ > 0 || may_have_returned_) step.index |= kMayNotHappen;
  return add(std::move(step), call->getExprLoc());
}

uint32_t BodyBuilder::value_of_maker(const CallExpr* call) {
  const FunctionDecl* callee = call->getDirectCallee();
  llvm::SmallVector<const Expr*> arguments(call->arguments());
  if (simple_name(callee) == "allocate_shared" && !arguments.empty()) arguments.erase(arguments.begin());
  const TemplateArgumentList* types = callee->getTemplateSpecializationArgs();
  if (!types || types->size() == 0 || types->get(0).getKind() != TemplateArgument::Type)
    return join(values(arguments), call->getExprLoc());
  const CXXRecordDecl* record = types->get(0).getAsType()->getAsCXXRecordDecl();
  if (record && types_.role(record) == TypeRole::kPlain)
    return fresh(record, pick_constructor(record, arguments), arguments, call->getExprLoc());
  const uint32_t content = join(values(arguments), call->getExprLoc());
  const uint32_t object = add(StepKind::kNew, call->getExprLoc());
  if (content != kNone) add(StepKind::kStore, call->getExprLoc(), {object, content}, "*");
  return object;
}

// Which constructor make_shared calls: its body is a library's and was not read. Arguments of the same class count
// for more than those that must be converted.
const CXXConstructorDecl* BodyBuilder::pick_constructor(const CXXRecordDecl* record,
                                                        llvm::ArrayRef<const Expr*> arguments) const {
  const CXXRecordDecl* definition = record->getDefinition();
  if (!definition) return nullptr;
  const CXXConstructorDecl* best = nullptr;
  int best_score = -1;
  auto plain = [](QualType type) { return type.getCanonicalType().getNonReferenceType().getUnqualifiedType(); };
  for (const CXXConstructorDecl* constructor : definition->ctors()) {
    if (constructor->isDeleted() || constructor->getMinRequiredArguments() > arguments.size() ||
        (constructor->getNumParams() < arguments.size() && !constructor->isVariadic()))
      continue;
    int score = 0;
    for (size_t i = 0; i < arguments.size() && i < constructor->getNumParams(); ++i) {
      const QualType wanted = plain(constructor->getParamDecl(i)->getType());
      const QualType given = plain(arguments[i]->getType());
      if (wanted == given)
        score += 4;
      else if (wanted->isRecordType() == given->isRecordType() && wanted->isPointerType() == given->isPointerType())
        score += 2;
    }
    if (score > best_score) best = constructor, best_score = score;
  }
  return best;
}

uint32_t BodyBuilder::fresh(const CXXRecordDecl* record, const CXXConstructorDecl* constructor,
                            llvm::ArrayRef<const Expr*> arguments, SourceLocation where) {
  if (constructor && constructor->isInheritingConstructor())
    constructor = constructor->getInheritedConstructor().getConstructor();
  const Key key = constructor ? types_.key(constructor) : Key();
  if (!key.empty()) calls_.insert(key);
  return add(StepKind::kNew, where, values(arguments), types_.key(record), key);
}

uint32_t BodyBuilder::value_of_construction(const CXXConstructExpr* construct) {
  const CXXConstructorDecl* constructor = construct->getConstructor();
  const CXXRecordDecl* record = constructor->getParent();
  llvm::SmallVector<const Expr*> arguments;
  for (const Expr* argument : construct->arguments())
    if (!isa<CXXDefaultArgExpr>(argument)) arguments.push_back(argument);
  if (construct->isElidable() || constructor->isCopyOrMoveConstructor())
    return arguments.empty() ? kNone : value(arguments[0]);
  const SourceLocation at = construct->getExprLoc();
  const TypeRole role = types_.role(record);
  if (role == TypeRole::kPlain) return fresh(record, constructor, arguments, at);
  if (arguments.empty()) return add(StepKind::kNull, at);
  // shared_ptr(owner, alias): owns the first; shared_ptr(pointer, deleter): likewise.
  if (role == TypeRole::kSmart) return value(arguments[0]);
  return join(values(arguments), at);
}

uint32_t BodyBuilder::value_of_lambda(const LambdaExpr* lambda) {
  std::vector<uint32_t> held;
  std::string names;
  size_t i = 0;
  for (const LambdaCapture& capture : lambda->captures()) {
    const Expr* init = *(lambda->capture_init_begin() + i++);
    if (!capture.capturesVariable() || capture.getCaptureKind() != LCK_ByCopy) continue;
    const auto* variable = dyn_cast<VarDecl>(capture.getCapturedVar());
    if (!variable || (variable->isInitCapture() && variable->getType()->isReferenceType())) continue;
    const QualType type = variable->getType().getNonReferenceType();
    const CXXRecordDecl* record = type->getAsCXXRecordDecl();
    const bool by_value = record && (record->isLambda() || types_.role(record) == TypeRole::kPlain);
    const uint32_t what = value(variable->isInitCapture() ? variable->getInit() : init);
    if (variable->isInitCapture()) add(StepKind::kSet, capture.getLocation(), {local(variable), what});
    if (what == kNone || (!by_value && !types_.owns_something(type))) continue;
    held.push_back(what);
    names += (names.empty() ? "" : ",") + variable->getNameAsString();
  }
  if (held.empty()) return kNone;
  return add(StepKind::kClosure, lambda->getBeginLoc(), std::move(held), {}, std::move(names));
}

uint32_t BodyBuilder::value_of_bind(const CallExpr* call) {
  std::vector<uint32_t> held;
  std::string names;
  for (const Expr* argument : call->arguments()) {
    const Expr* inner = strip(argument);
    QualType type = inner->getType();
    const uint32_t what = value(argument);
    if (what == kNone || !types_.owns_something(type)) continue;
    held.push_back(what);
    names += (names.empty() ? "" : ",") + name_of_argument(inner);
  }
  if (held.empty()) return kNone;
  const uint32_t result = add(StepKind::kClosure, call->getExprLoc(), std::move(held), {}, std::move(names));
  fact_.steps[result].flag = true;
  return result;
}

uint32_t BodyBuilder::value_of_list(const InitListExpr* list) {
  if (const InitListExpr* semantic = list->getSemanticForm()) list = semantic;
  const CXXRecordDecl* record = list->getType()->getAsCXXRecordDecl();
  const SourceLocation at = list->getBeginLoc();
  const llvm::ArrayRef<const Expr*> inits(list->getInits(), list->getNumInits());
  if (!record || types_.role(record) != TypeRole::kPlain) {
    if (inits.empty()) return add(StepKind::kNull, at);
    return join(values(inits), at);
  }
  const uint32_t object = add(StepKind::kNew, at, {}, types_.key(record));
  size_t i = record->getDefinition() ? record->getDefinition()->getNumBases() : 0;
  for (const FieldDecl* field : record->fields()) {
    if (i >= inits.size()) break;
    const uint32_t what = value(inits[i++]);
    if (what != kNone && fact_.steps[what].kind != StepKind::kNull)
      add(StepKind::kStore, at, {object, what}, types_.key(field));
  }
  return object;
}

const FieldDecl* BodyBuilder::field_of(const Expr* target, const Expr*& object, int depth) const {
  if (depth > 8) return nullptr;
  target = strip(target);
  if (const auto* member = dyn_cast<MemberExpr>(target)) {
    const auto* field = dyn_cast<FieldDecl>(member->getMemberDecl());
    if (!field) return nullptr;
    object = member->getBase();
    return types_.is_project(field->getLocation()) ? field : field_of(object, object, depth + 1);
  }
  if (const auto* reference = dyn_cast<DeclRefExpr>(target)) {
    auto alias = aliases_.find(dyn_cast<VarDecl>(reference->getDecl()));
    return alias == aliases_.end() ? nullptr : field_of(alias->second, object, depth + 1);
  }
  if (const auto* call = dyn_cast<CXXOperatorCallExpr>(target)) {
    if (call->getNumArgs() == 0) return nullptr;
    const CXXRecordDecl* record = call->getArg(0)->getType()->getAsCXXRecordDecl();
    const bool dereferences = call->getOperator() == OO_Star || call->getOperator() == OO_Arrow;
    if (dereferences && record && types_.role(record) == TypeRole::kSmart) return nullptr;
    if (dereferences || call->getOperator() == OO_Subscript) return field_of(call->getArg(0), object, depth + 1);
    return nullptr;
  }
  if (const auto* call = dyn_cast<CXXMemberCallExpr>(target)) {
    const StringRef name = simple_name(call->getMethodDecl());
    const bool is_reader = name == "get" ? false : kReaders.contains(name) || name == "emplace_back";
    return is_reader ? field_of(call->getImplicitObjectArgument(), object, depth + 1) : nullptr;
  }
  if (const auto* call = dyn_cast<CallExpr>(target)) {
    const StringRef name = simple_name(call->getDirectCallee());
    const bool passes = (name == "move" || name == "get" || name == "forward") && call->getNumArgs() == 1;
    return passes ? field_of(call->getArg(0), object, depth + 1) : nullptr;
  }
  if (const auto* subscript = dyn_cast<ArraySubscriptExpr>(target))
    return field_of(subscript->getBase(), object, depth + 1);
  return nullptr;
}

void BodyBuilder::write(const Expr* target, uint32_t what, SourceLocation where, bool adds) {
  const Expr* object = nullptr;
  if (const FieldDecl* field = field_of(target, object)) {
    if (!types_.carries_object(field->getType())) return;
    const uint32_t base = value(object);
    if (what != kNone) add(StepKind::kStore, where, {base, what}, types_.key(field));
    return;
  }
  const Expr* inner = strip(target);
  if (const auto* reference = dyn_cast<DeclRefExpr>(inner)) {
    const auto* variable = dyn_cast<VarDecl>(reference->getDecl());
    if (!variable || !variable->hasLocalStorage() || !types_.carries_object(variable->getType())) return;
    Step step;
    step.kind = StepKind::kSet;
    step.args = {local(variable), what};
    step.flag = adds || depth_ > declared_depth_.lookup(variable) || variable->getType()->isReferenceType();
    add(std::move(step), where);
    return;
  }
  // *fn = [fn] { … }: the object behind a smart pointer to a callable
  if (const auto* call = dyn_cast<CXXOperatorCallExpr>(inner); call && call->getOperator() == OO_Star) {
    const CXXRecordDecl* record = inner->getType()->getAsCXXRecordDecl();
    const uint32_t base = value(call->getArg(0));
    if (record && types_.role(record) != TypeRole::kPlain && base != kNone && what != kNone)
      add(StepKind::kStore, where, {base, what}, "*");
  }
}

void BodyBuilder::empty(const Expr* target, const std::string& how, SourceLocation where) {
  const Expr* object = nullptr;
  const FieldDecl* field = field_of(target, object);
  if (field && types_.owns_something(field->getType()))
    add(StepKind::kClear, where, {value(object)}, types_.key(field), how);
}

void BodyBuilder::escape(const Expr* target, const std::string& how, SourceLocation where) {
  const Expr* object = nullptr;
  const FieldDecl* field = field_of(target, object);
  if (field && types_.owns_something(field->getType()) && types_.edges(target->getType()).size() > 0 &&
      types_.owns_something(target->getType()))
    add(StepKind::kEscape, where, {value(object)}, types_.key(field), how);
}

bool BodyBuilder::VisitVarDecl(VarDecl* variable) {
  if (!variable->hasLocalStorage() || !variable->getInit() || isa<ParmVarDecl>(variable)) return true;
  if (variable->isInitCapture() || variable->isCXXForRangeDecl()) return true;
  if (!types_.carries_object(variable->getType())) return true;
  const uint32_t what = value(variable->getInit());
  if (variable->getType()->isLValueReferenceType()) aliases_[variable] = variable->getInit();
  const uint32_t index = local(variable);
  add(StepKind::kSet, variable->getLocation(), {index, what});
  return true;
}

bool BodyBuilder::VisitBinaryOperator(BinaryOperator* assignment) {
  if (assignment->getOpcode() == BO_Assign && types_.carries_object(assignment->getLHS()->getType()))
    write(assignment->getLHS(), value(assignment->getRHS()), assignment->getOperatorLoc());
  return true;
}

bool BodyBuilder::VisitUnaryOperator(UnaryOperator* expression) {
  if (expression->getOpcode() == UO_AddrOf) escape(expression->getSubExpr(), "address taken", expression->getExprLoc());
  return true;
}

bool BodyBuilder::VisitReturnStmt(ReturnStmt* statement) {
  if (lambda_depth_ > 0) return true;
  may_have_returned_ = true;
  if (!statement->getRetValue()) return true;
  const QualType type = function_->getReturnType();
  if (!types_.carries_object(type)) return true;
  if (type->isLValueReferenceType() && !type->getPointeeType().isConstQualified())
    escape(statement->getRetValue(), "returned by reference", statement->getReturnLoc());
  const uint32_t what = value(statement->getRetValue());
  if (what != kNone) add(StepKind::kReturn, statement->getReturnLoc(), {what});
  return true;
}

bool BodyBuilder::TraverseLambdaExpr(LambdaExpr* lambda) {
  value(lambda);
  ++lambda_depth_, ++depth_;
  bool result = true;
  if (lambda->isGenericLambda()) {
    const FunctionTemplateDecl* call = lambda->getLambdaClass()->getDependentLambdaCallOperator();
    if (call)
      for (FunctionDecl* instance : call->specializations())
        if (instance->hasBody()) result = TraverseStmt(instance->getBody()) && result;
  } else {
    for (size_t i = 0; i < lambda->capture_size(); ++i) {
      const LambdaCapture* capture = lambda->capture_begin() + i;
      if (lambda->isInitCapture(capture)) TraverseStmt(cast<VarDecl>(capture->getCapturedVar())->getInit());
    }
    result = TraverseStmt(lambda->getBody());
  }
  --lambda_depth_, --depth_;
  return result;
}

bool BodyBuilder::TraverseCXXForRangeStmt(CXXForRangeStmt* loop) {
  if (loop->getInit()) TraverseStmt(loop->getInit());
  TraverseStmt(loop->getRangeInit());
  ++depth_;
  const VarDecl* variable = loop->getLoopVariable();
  if (types_.carries_object(variable->getType()) || isa<DecompositionDecl>(variable))
    add(StepKind::kSet, variable->getLocation(),
        {local(variable), element(value(loop->getRangeInit()), variable->getLocation())});
  if (variable->getType()->isLValueReferenceType()) aliases_[variable] = loop->getRangeInit();
  const bool result = TraverseStmt(loop->getBody());
  --depth_;
  return result;
}

uint32_t BodyBuilder::construct_base(const Expr* init, SourceLocation where) {
  const auto* construct = dyn_cast<CXXConstructExpr>(strip(init));
  if (!construct || is_library(construct->getConstructor())) return kNone;
  Step step;
  step.kind = StepKind::kCall;
  step.id = types_.key(construct->getConstructor());
  if (!step.id.empty()) calls_.insert(step.id);
  step.args.push_back(add(StepKind::kThis, where));
  for (const Expr* argument : construct->arguments()) step.args.push_back(value(argument));
  return add(std::move(step), where);
}

// Parameters become locals, so that one assigned to is a local like any other; then constructor initialisers.
void BodyBuilder::add_prologue() {
  for (const ParmVarDecl* parameter : function_->parameters()) {
    if (!types_.carries_object(parameter->getType())) continue;
    Step step;
    step.kind = StepKind::kParam;
    step.index = parameter->getFunctionScopeIndex();
    if (const CXXRecordDecl* record = types_.object_class(parameter->getType())) step.text = types_.key(record);
    const uint32_t content = add(std::move(step), parameter->getLocation());
    add(StepKind::kSet, parameter->getLocation(), {local(parameter), content});
  }
  const auto* constructor = dyn_cast<CXXConstructorDecl>(function_);
  if (!constructor) return;
  for (const CXXCtorInitializer* init : constructor->inits()) {
    const SourceLocation at = init->isWritten() ? init->getSourceLocation() : constructor->getLocation();
    if (init->isBaseInitializer() || init->isDelegatingInitializer()) {
      values_[strip(init->getInit())] = construct_base(init->getInit(), at);
      continue;
    }
    const FieldDecl* field = init->getAnyMember();
    if (!field || !types_.carries_object(field->getType())) continue;
    const uint32_t what = value(init->getInit());
    if (what == kNone || fact_.steps[what].kind == StepKind::kNull) continue;
    const uint32_t self = add(StepKind::kThis, at);
    add(StepKind::kStore, at, {self, what}, types_.key(field));
  }
}

// Keeps effects, calls with something to tell, and what they need.
void BodyBuilder::prune() {
  std::vector<Step>& steps = fact_.steps;
  std::vector<bool> needed(steps.size(), false);
  std::set<uint32_t> read;
  for (const Step& step : steps)
    if (step.kind == StepKind::kLocal) read.insert(step.index);
  auto knows_argument = [&](const Step& step) {
    return std::any_of(step.args.begin(), step.args.end(), [](uint32_t arg) { return arg != kNone; });
  };
  for (size_t i = steps.size(); i-- > 0;) {
    const Step& step = steps[i];
    if (step.kind == StepKind::kSet) {
      needed[i] = step.args[1] != kNone && read.count(step.args[0]);
      if (needed[i]) needed[step.args[1]] = true;
      continue;
    }
    if (step.kind > StepKind::kSet) needed[i] = true;
    if (step.kind == StepKind::kCall || step.kind == StepKind::kNew) needed[i] = needed[i] || knows_argument(step);
    if (!needed[i]) continue;
    for (uint32_t arg : step.args)
      if (arg != kNone) needed[arg] = true;
  }
  std::vector<uint32_t> moved(steps.size(), kNone);
  std::vector<Step> kept;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (!needed[i]) continue;
    Step step = std::move(steps[i]);
    for (size_t a = step.kind == StepKind::kSet ? 1 : 0; a < step.args.size(); ++a)
      if (step.args[a] != kNone) step.args[a] = moved[step.args[a]];
    moved[i] = static_cast<uint32_t>(kept.size());
    kept.push_back(std::move(step));
  }
  steps = std::move(kept);
}

void BodyBuilder::add_overridden(const CXXMethodDecl* method) {
  for (const CXXMethodDecl* overridden : method->overridden_methods()) {
    if (!types_.is_project(overridden->getLocation())) continue;
    fact_.overrides.push_back(types_.key(overridden));
    add_overridden(overridden);  // an interface's method often has no body that could say so itself
  }
}

FunctionFact BodyBuilder::build() {
  fact_.key = types_.key(function_);
  fact_.name = types_.qualified_name(function_);
  fact_.location = types_.location(function_->getLocation());
  fact_.is_constructor = isa<CXXConstructorDecl>(function_);
  fact_.is_destructor = isa<CXXDestructorDecl>(function_);
  fact_.parameters = function_->getNumParams();
  if (const auto* method = dyn_cast<CXXMethodDecl>(function_)) {
    fact_.owner = types_.key(method->getParent());
    fact_.is_virtual = method->isVirtual();
    add_overridden(method);
  }
  add_prologue();
  if (const auto* constructor = dyn_cast<CXXConstructorDecl>(function_))
    for (const CXXCtorInitializer* init : constructor->inits())
      if (init->isWritten()) TraverseStmt(init->getInit());
  TraverseStmt(function_->getBody());
  prune();
  fact_.calls.assign(calls_.begin(), calls_.end());
  return std::move(fact_);
}

}  // namespace

void add_function(UnitTypes& types, const FunctionDecl* function) {
  FunctionFact fact = BodyBuilder(types, function).build();
  if (fact.key.empty()) return;
  if (fact.steps.empty() && fact.calls.empty() && !fact.is_virtual) return;
  types.facts.functions.push_back(std::move(fact));
}

}  // namespace reftally::lint
