// Places that a rule reports by themselves, or that another rule asks for ("destructor-hazard", "destructor-loop").
#include <clang/AST/Attr.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/RecursiveASTVisitor.h>

#include "analyzer/lint/translation_unit_types.h"

namespace reftally::lint {
namespace {

using namespace clang;

// What makes it matter that a destructor never runs, or runs late.
class DestructorVisitor : public RecursiveASTVisitor<DestructorVisitor> {
 public:
  DestructorVisitor(UnitTypes& types, const CXXDestructorDecl* destructor) : types_(types), destructor_(destructor) {}

  bool TraverseLambdaExpr(LambdaExpr*) { return true; }
  bool TraverseCXXTryStmt(CXXTryStmt* statement) {
    ++tries_;
    const bool result = RecursiveASTVisitor::TraverseCXXTryStmt(statement);
    --tries_;
    return result;
  }
  bool VisitWhileStmt(WhileStmt* loop) { return site("destructor-loop", "", loop->getBeginLoc()); }
  bool VisitDoStmt(DoStmt* loop) { return site("destructor-loop", "", loop->getBeginLoc()); }
  bool VisitForStmt(ForStmt* loop) { return site("destructor-loop", "", loop->getBeginLoc()); }
  bool VisitCXXThrowExpr(CXXThrowExpr* expression) {
    return tries_ || site("destructor-hazard", "throws", expression->getExprLoc());
  }
  bool VisitCXXMemberCallExpr(CXXMemberCallExpr* call) {
    const CXXMethodDecl* method = call->getMethodDecl();
    if (!method || !method->getDeclName().isIdentifier()) return true;
    const std::string owner = types_.qualified_name(method->getParent());
    const StringRef name = method->getName();
    const bool is_thread = owner == "std::thread" || owner == "boost::thread";
    if (is_thread && (name == "join" || name == "detach"))
      return site("destructor-hazard", name == "join" ? "joins a thread" : "lets a thread go", call->getExprLoc());
    const bool on_this = isa<CXXThisExpr>(call->getImplicitObjectArgument()->IgnoreParenImpCasts());
    const auto* callee = dyn_cast<MemberExpr>(call->getCallee()->IgnoreParens());
    if (method->isVirtual() && on_this && callee && !callee->hasQualifier() && !method->hasAttr<FinalAttr>() &&
        !destructor_->getParent()->isEffectivelyFinal())
      return site("destructor-hazard", "calls the virtual function " + name.str() + "()", call->getExprLoc());
    return true;
  }
  bool VisitCXXConstructExpr(CXXConstructExpr* construct) {
    const std::string name = types_.qualified_name(construct->getConstructor()->getParent());
    if (name != "std::lock_guard" && name != "std::unique_lock" && name != "std::scoped_lock") return true;
    return site("destructor-hazard", "locks a mutex", construct->getExprLoc());
  }
  bool VisitCallExpr(CallExpr* call) {
    static const llvm::StringSet<> kReleases = {"close",     "fclose",   "munmap", "unlink", "shm_unlink",
                                                "sem_close", "closedir", "pclose", "rmdir",  "remove"};
    const FunctionDecl* callee = call->getDirectCallee();
    if (!callee || isa<CXXMethodDecl>(callee) || !callee->getDeclName().isIdentifier()) return true;
    if (!kReleases.contains(callee->getName()) || types_.is_project(callee->getLocation())) return true;
    return site("destructor-hazard", "gives a resource back with " + callee->getName().str() + "()",
                call->getExprLoc());
  }

 private:
  bool site(const char* rule, const std::string& text, SourceLocation where) {
    SiteFact fact;
    fact.rule = rule;
    fact.location = types_.location(where);
    fact.subject = types_.key(destructor_->getParent());
    fact.message = text;
    types_.add_site(std::move(fact));
    return true;
  }

  UnitTypes& types_;
  const CXXDestructorDecl* destructor_;
  int tries_ = 0;
};

// unique_ptr<Base> that is given a Derived: delete through a base without virtual destructor is undefined. A
// shared_ptr<Base> made by make_shared<Derived> remembers how to destroy Derived, and is fine.
class DeleteVisitor : public RecursiveASTVisitor<DeleteVisitor> {
 public:
  explicit DeleteVisitor(UnitTypes& types) : types_(types) {}
  bool shouldVisitTemplateInstantiations() const { return false; }

  bool VisitCXXConstructExpr(CXXConstructExpr* construct) {
    if (construct->getNumArgs() > 0) check(construct->getType(), construct->getArg(0), construct->getExprLoc());
    return true;
  }
  bool VisitCXXMemberCallExpr(CXXMemberCallExpr* call) {
    const CXXMethodDecl* method = call->getMethodDecl();
    if (method && method->getDeclName().isIdentifier() && method->getName() == "reset" && call->getNumArgs() == 1)
      check(call->getImplicitObjectArgument()->getType(), call->getArg(0), call->getExprLoc());
    return true;
  }

 private:
  // Pointee of a unique_ptr with the default deleter, or null.
  const CXXRecordDecl* uniquely_owned(QualType type) {
    const auto* instance =
        dyn_cast_or_null<ClassTemplateSpecializationDecl>(type.getNonReferenceType()->getAsCXXRecordDecl());
    if (!instance || types_.qualified_name(instance) != "std::unique_ptr" || instance->getTemplateArgs().size() < 2)
      return nullptr;
    const CXXRecordDecl* deleter = instance->getTemplateArgs()[1].getAsType()->getAsCXXRecordDecl();
    if (!deleter || types_.qualified_name(deleter) != "std::default_delete") return nullptr;
    return instance->getTemplateArgs()[0].getAsType()->getAsCXXRecordDecl();
  }

  void check(QualType owner, const Expr* given, SourceLocation where) {
    const CXXRecordDecl* base = uniquely_owned(owner);
    if (!base) return;
    given = given->IgnoreParenImpCasts();
    const QualType type = given->getType();
    const CXXRecordDecl* derived = uniquely_owned(type);
    if (!derived && type->isPointerType()) derived = type->getPointeeType()->getAsCXXRecordDecl();
    if (!derived || base->getCanonicalDecl() == derived->getCanonicalDecl()) return;
    if (!base->hasDefinition() || !derived->hasDefinition() || !derived->isDerivedFrom(base)) return;
    const CXXDestructorDecl* destructor = base->getDestructor();
    if (destructor && destructor->isVirtual()) return;
    SiteFact fact;
    fact.rule = "nonvirtual-destructor";
    fact.severity = "warning";
    fact.location = types_.location(where);
    fact.subject = types_.key(base);
    const std::string base_name = types_.qualified_name(base), derived_name = types_.qualified_name(derived);
    fact.message = "unique_ptr<" + base_name + "> is given a " + derived_name + ", but ~" + base->getNameAsString() +
                   "() is not virtual: deleting it is undefined";
    fact.detail = base_name + " " + derived_name;
    fact.notes.emplace_back(types_.location(base->getLocation()), base_name + " is declared here");
    types_.add_site(std::move(fact));
  }

  UnitTypes& types_;
};

}  // namespace

void add_sites(UnitTypes& types, const FunctionDecl* function) {
  Stmt* body = function->getBody();
  if (const auto* destructor = dyn_cast<CXXDestructorDecl>(function); destructor && destructor->isUserProvided())
    DestructorVisitor(types, destructor).TraverseStmt(body);
  DeleteVisitor(types).TraverseStmt(body);
}

}  // namespace reftally::lint
