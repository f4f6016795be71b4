// Statements of a function body, and what they do to members (translation_unit_bodies.h).
#include "analyzer/lint/translation_unit_bodies.h"

#include <clang/Basic/SourceManager.h>

namespace reftally::lint {

using namespace clang;

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
    declared_loops_[variable] = loops_;
  }
  return slot->second;
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
    const bool is_reader = name == "get" ? false : reads_receiver(name) || name == "emplace_back";
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
    step.index = !adds && loops_ > declared_loops_.lookup(variable);
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
  if (!field) return;
  const std::vector<FieldEdge>& edges = types_.edges(field->getType());
  const bool holds_values = std::any_of(edges.begin(), edges.end(),
                                        [](const FieldEdge& edge) { return edge.many && edge.hold == Hold::kValue; });
  if (holds_values || types_.owns_something(field->getType()))
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

// What a lambda will be called with is an object of its own, of which nothing is known but the class.
void BodyBuilder::add_lambda_parameters(const FunctionDecl* call) {
  for (const ParmVarDecl* parameter : call->parameters()) {
    const CXXRecordDecl* record = types_.object_class(parameter->getType());
    if (!record || !types_.carries_object(parameter->getType())) continue;
    Step step;
    step.kind = StepKind::kCall;
    step.index = kResultIsObject | kInLambda | kMayNotHappen;
    step.text = types_.key(record);
    const uint32_t content = add(std::move(step), parameter->getLocation());
    add(StepKind::kSet, parameter->getLocation(), {local(parameter), content});
  }
}

bool BodyBuilder::TraverseLambdaExpr(LambdaExpr* lambda) {
  value(lambda);
  ++lambda_depth_, ++depth_;
  bool result = true;
  if (lambda->isGenericLambda()) {
    const FunctionTemplateDecl* call = lambda->getLambdaClass()->getDependentLambdaCallOperator();
    if (call)
      for (FunctionDecl* instance : call->specializations())
        if (instance->hasBody()) {
          add_lambda_parameters(instance);
          result = TraverseStmt(instance->getBody()) && result;
        }
  } else {
    for (size_t i = 0; i < lambda->capture_size(); ++i) {
      const LambdaCapture* capture = lambda->capture_begin() + i;
      if (lambda->isInitCapture(capture)) TraverseStmt(cast<VarDecl>(capture->getCapturedVar())->getInit());
    }
    add_lambda_parameters(lambda->getCallOperator());
    result = TraverseStmt(lambda->getBody());
  }
  --lambda_depth_, --depth_;
  return result;
}

bool BodyBuilder::TraverseCXXForRangeStmt(CXXForRangeStmt* loop) {
  if (loop->getInit()) TraverseStmt(loop->getInit());
  TraverseStmt(loop->getRangeInit());
  ++depth_, ++loops_;
  const VarDecl* variable = loop->getLoopVariable();
  if (types_.carries_object(variable->getType()) || isa<DecompositionDecl>(variable))
    add(StepKind::kSet, variable->getLocation(),
        {local(variable), element(value(loop->getRangeInit()), variable->getLocation())});
  if (variable->getType()->isLValueReferenceType()) aliases_[variable] = loop->getRangeInit();
  const bool result = TraverseStmt(loop->getBody());
  --depth_, --loops_;
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

void add_function(UnitTypes& types, const FunctionDecl* function) {
  FunctionFact fact = BodyBuilder(types, function).build();
  if (fact.key.empty()) return;
  if (fact.steps.empty() && fact.calls.empty() && !fact.is_virtual) return;
  types.facts.functions.push_back(std::move(fact));
}

}  // namespace reftally::lint
