// A function body as steps in source order (facts.h). Lambda bodies belong to the function around them: their captures
// are its variables. No control flow is kept but one bit: an assignment deeper than its variable may not happen.
// Statements and effects: translation_unit_bodies.cc; values of expressions: translation_unit_values.cc; what functions
// of libraries do to references: translation_unit_library.cc.
#pragma once

#include <clang/AST/DeclCXX.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/RecursiveASTVisitor.h>

#include "analyzer/lint/translation_unit_types.h"

namespace reftally::lint {

inline llvm::StringRef simple_name(const clang::NamedDecl* declaration) {
  return declaration && declaration->getDeclName().isIdentifier() ? declaration->getName() : llvm::StringRef();
}

inline bool is_null(const clang::Expr* expression) {
  return llvm::isa<clang::CXXNullPtrLiteralExpr, clang::GNUNullExpr, clang::CXXScalarValueInitExpr,
                   clang::ImplicitValueInitExpr>(expression);
}

// Does this library function hand a part of its receiver on, as front() or find() do?
bool reads_receiver(llvm::StringRef name);
bool makes_objects(llvm::StringRef name);  // make_shared and its like

class BodyBuilder : public clang::RecursiveASTVisitor<BodyBuilder> {
 public:
  BodyBuilder(UnitTypes& types, const clang::FunctionDecl* function) : types_(types), function_(function) {}
  FunctionFact build();

  bool shouldVisitTemplateInstantiations() const { return false; }
  bool TraverseCXXRecordDecl(clang::CXXRecordDecl*) { return true; }  // its methods are functions of their own
  bool TraverseLambdaExpr(clang::LambdaExpr* lambda);
  bool TraverseCXXForRangeStmt(clang::CXXForRangeStmt* loop);
  bool TraverseIfStmt(clang::IfStmt* s) {
    return deeper([&] { return Base::TraverseIfStmt(s); });
  }
  bool TraverseForStmt(clang::ForStmt* s) {
    return repeated([&] { return Base::TraverseForStmt(s); });
  }
  bool TraverseWhileStmt(clang::WhileStmt* s) {
    return repeated([&] { return Base::TraverseWhileStmt(s); });
  }
  bool TraverseDoStmt(clang::DoStmt* s) {
    return repeated([&] { return Base::TraverseDoStmt(s); });
  }
  bool TraverseSwitchStmt(clang::SwitchStmt* s) {
    return deeper([&] { return Base::TraverseSwitchStmt(s); });
  }
  bool TraverseCXXTryStmt(clang::CXXTryStmt* s) {
    return deeper([&] { return Base::TraverseCXXTryStmt(s); });
  }

  bool VisitVarDecl(clang::VarDecl* variable);
  bool VisitCallExpr(clang::CallExpr* call) { return value(call), true; }
  bool VisitCXXConstructExpr(clang::CXXConstructExpr* construct) { return value(construct), true; }
  bool VisitCXXNewExpr(clang::CXXNewExpr* expression) { return value(expression), true; }
  bool VisitBinaryOperator(clang::BinaryOperator* assignment);
  bool VisitUnaryOperator(clang::UnaryOperator* expression);
  bool VisitReturnStmt(clang::ReturnStmt* statement);

 private:
  using Base = clang::RecursiveASTVisitor<BodyBuilder>;

  template <class Visit>
  bool deeper(Visit visit) {
    ++depth_;
    const bool result = visit();
    --depth_;
    return result;
  }
  template <class Visit>
  bool repeated(Visit visit) {
    ++loops_;
    const bool result = deeper(visit);
    --loops_;
    return result;
  }
  uint32_t add(Step step, clang::SourceLocation where);
  uint32_t add(StepKind kind, clang::SourceLocation where, std::vector<uint32_t> args = {}, Key id = {},
               std::string text = {});
  uint32_t local(const clang::VarDecl* variable);
  const clang::Expr* strip(const clang::Expr* expression) const;
  std::vector<uint32_t> values(llvm::ArrayRef<const clang::Expr*> expressions);
  uint32_t join(std::vector<uint32_t> parts, clang::SourceLocation where);
  uint32_t element(uint32_t container, clang::SourceLocation where, std::string index = {}) {
    return container == kNone ? kNone : add(StepKind::kElement, where, {container}, {}, std::move(index));
  }

  // Values: the index of a step, or kNone when nothing is known.
  uint32_t value(const clang::Expr* expression);
  uint32_t compute(const clang::Expr* expression);
  uint32_t value_of_reference(const clang::DeclRefExpr* reference);
  uint32_t value_of_member(const clang::MemberExpr* member);
  uint32_t value_of_call(const clang::CallExpr* call);
  uint32_t value_of_library_call(const clang::CallExpr* call, llvm::StringRef name);
  uint32_t value_of_library_method(const clang::CXXMemberCallExpr* call, llvm::StringRef name);
  uint32_t value_of_operator(const clang::CXXOperatorCallExpr* call);
  uint32_t value_of_project_call(const clang::CallExpr* call, const clang::FunctionDecl* callee);
  uint32_t value_of_construction(const clang::CXXConstructExpr* construct);
  uint32_t value_of_maker(const clang::CallExpr* call);
  uint32_t value_of_lambda(const clang::LambdaExpr* lambda);
  uint32_t value_of_bind(const clang::CallExpr* call);
  uint32_t value_of_list(const clang::InitListExpr* list);
  uint32_t fresh(const clang::CXXRecordDecl* record, const clang::CXXConstructorDecl* constructor,
                 llvm::ArrayRef<const clang::Expr*> arguments, clang::SourceLocation where);
  uint32_t construct_base(const clang::Expr* init, clang::SourceLocation where);

  // Effects.
  void write(const clang::Expr* target, uint32_t what, clang::SourceLocation where, bool adds = false);
  void empty(const clang::Expr* target, const std::string& how, clang::SourceLocation where);
  void escape(const clang::Expr* target, const std::string& how, clang::SourceLocation where);
  // The member whose content an lvalue names: f, f[i], *f, f.second; `object` is the expression before it.
  const clang::FieldDecl* field_of(const clang::Expr* target, const clang::Expr*& object, int depth = 0) const;
  std::vector<uint32_t> kept_values(const clang::Expr* target, llvm::ArrayRef<const clang::Expr*> given);
  bool only_watches(clang::QualType type) const;
  std::string written(const clang::Expr* index) const;
  const clang::CXXConstructorDecl* pick_constructor(const clang::CXXRecordDecl* record,
                                                    llvm::ArrayRef<const clang::Expr*> arguments) const;
  bool is_library(const clang::FunctionDecl* callee);
  bool is_own_transfer() const;
  void add_overridden(const clang::CXXMethodDecl* method);
  void add_lambda_parameters(const clang::FunctionDecl* call);
  void add_prologue();
  void prune();

  UnitTypes& types_;
  const clang::FunctionDecl* function_;
  FunctionFact fact_;
  llvm::DenseMap<const clang::Expr*, uint32_t> values_;
  llvm::DenseMap<const clang::VarDecl*, uint32_t> locals_;
  llvm::DenseMap<const clang::VarDecl*, int> declared_depth_, declared_loops_;
  llvm::DenseMap<const clang::VarDecl*, const clang::Expr*> aliases_;  // reference variables
  std::set<Key> calls_;
  int depth_ = 0, loops_ = 0, lambda_depth_ = 0, nesting_ = 0;
  bool may_have_returned_ = false;
};

}  // namespace reftally::lint
