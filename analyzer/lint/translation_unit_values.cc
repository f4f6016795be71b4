// Values of expressions: the index of a step, or kNone when nothing is known.
#include <clang/Basic/SourceManager.h>

#include "analyzer/lint/translation_unit_bodies.h"

namespace reftally::lint {

using namespace clang;

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

// What the compiler brings along is declared where it is first used.
bool BodyBuilder::is_library(const FunctionDecl* callee) {
  return callee->getBuiltinID() != 0 || !types_.is_project(callee->getLocation());
}

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
  if (is_library(callee) || makes_objects(name)) return value_of_library_call(call, name);
  return value_of_project_call(call, callee);
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
  if (lambda_depth_ > 0) step.index |= kInLambda;
  return add(std::move(step), call->getExprLoc());
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
  const uint32_t step = add(StepKind::kNew, where, values(arguments), types_.key(record), key);
  fact_.steps[step].flag = loops_ > 0;
  return step;
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
  if (role == TypeRole::kOpaque && only_watches(strip(arguments[0])->getType())) return kNone;
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
}  // namespace reftally::lint
