// Type objects and tables of functions of a CPython extension: what the collector is told of a type's members.
#include <clang/AST/RecursiveASTVisitor.h>

#include "analyzer/lint/translation_unit_python.h"

namespace reftally::lint {

using namespace clang;

namespace {

// Include/typeslots.h, structmember.h, object.h: part of the stable ABI.
constexpr int64_t kSlotBase = 48, kSlotClear = 51, kSlotTraverse = 71;
constexpr int64_t kMemberObject = 6, kMemberObjectEx = 16, kReadOnly = 1;
constexpr int64_t kHaveGc = 1 << 14;

struct TypeObject {
  std::string name;
  Key key;
  SourceLocation at;
  const RecordDecl* layout = nullptr;
  const FunctionDecl *traverse = nullptr, *clear = nullptr;
  bool is_collected = false, has_base = false, is_heap_type = false;
};

const FunctionDecl* function_of(const Expr* expression) {
  expression = strip_casts(expression);
  if (const auto* address = dyn_cast<UnaryOperator>(expression)) expression = strip_casts(address->getSubExpr());
  const auto* named = dyn_cast<DeclRefExpr>(expression);
  return named ? dyn_cast<FunctionDecl>(named->getDecl()) : nullptr;
}

const RecordDecl* size_of(const Expr* expression) {
  const auto* size = dyn_cast<UnaryExprOrTypeTraitExpr>(strip_casts(expression));
  return size && size->getKind() == UETT_SizeOf ? size->getTypeOfArgument()->getAsRecordDecl() : nullptr;
}

const InitListExpr* list_of(const Expr* expression) {
  const auto* list = dyn_cast_or_null<InitListExpr>(expression);
  return list && list->getSemanticForm() ? list->getSemanticForm() : list;
}

int64_t number_of(const Expr* expression, const ASTContext& context) {
  Expr::EvalResult result;
  return expression->EvaluateAsInt(result, context) ? result.Val.getInt().getExtValue() : 0;
}

template <class Visit>
void each_field(const InitListExpr* list, Visit visit) {
  unsigned i = 0;
  for (const FieldDecl* field : list->getType()->getAsRecordDecl()->fields()) {
    if (i >= list->getNumInits()) break;
    const Expr* value = list->getInit(i++);
    if (value && !isa<ImplicitValueInitExpr>(value)) visit(field->getName(), value);
  }
}

class EntryVisitor : public RecursiveASTVisitor<EntryVisitor> {
 public:
  explicit EntryVisitor(UnitTypes& types) : types_(types) {}
  bool VisitDeclRefExpr(DeclRefExpr* named) {
    if (const auto* function = dyn_cast<FunctionDecl>(named->getDecl()))
      say_python(types_, "entry:" + types_.key(function));
    return true;
  }

 private:
  UnitTypes& types_;
};

void read_slots(const VarDecl* slots, TypeObject& type, const ASTContext& context) {
  const InitListExpr* list = list_of(slots->getInit());
  if (!list) return;
  for (const Expr* row : list->inits()) {
    const InitListExpr* slot = list_of(row);
    if (!slot || slot->getNumInits() < 2) continue;
    const int64_t number = number_of(slot->getInit(0), context);
    if (number == kSlotTraverse) type.traverse = function_of(slot->getInit(1));
    if (number == kSlotClear) type.clear = function_of(slot->getInit(1));
    if (number == kSlotBase) type.has_base = true;
  }
}

TypeObject read_type(const InitListExpr* list, const ASTContext& context) {
  TypeObject type;
  each_field(list, [&](StringRef name, const Expr* value) {
    if (name == "tp_flags" || name == "flags") type.is_collected = number_of(value, context) & kHaveGc;
    if (name == "tp_basicsize" || name == "basicsize") type.layout = size_of(value);
    if (name == "tp_traverse") type.traverse = function_of(value);
    if (name == "tp_clear") type.clear = function_of(value);
    if (name == "tp_base")
      type.has_base = !value->isNullPointerConstant(const_cast<ASTContext&>(context), Expr::NPC_ValueDependentIsNull);
    if (name == "slots")
      if (const auto* named = dyn_cast<DeclRefExpr>(strip_casts(value)))
        if (const auto* slots = dyn_cast<VarDecl>(named->getDecl())) read_slots(slots, type, context);
  });
  return type;
}

class TypeChecker {
 public:
  TypeChecker(UnitTypes& types, const TypeObject& type) : types_(types), type_(type) {}
  void check() {
    if (type_.is_collected && !type_.traverse && !type_.has_base)
      say("py-traverse", "warning", type_.at, type_.name + " has Py_TPFLAGS_HAVE_GC but no tp_traverse", "none", {});
    if (type_.is_heap_type && type_.is_collected && type_.traverse)
      say("py-traverse", "note", type_.at,
          "tp_traverse of the heap type " + type_.name + " does not visit Py_TYPE(self)", "type",
          {"+seen:" + types_.key(type_.traverse), "-visits-type:" + types_.key(type_.traverse)});
    if (!type_.layout || !type_.layout->getDefinition()) return;
    for (const FieldDecl* field : type_.layout->getDefinition()->fields())
      if (is_python_object(field->getType()) && !field->getName().contains("weakref")) check_field(field);
  }

 private:
  void check_field(const FieldDecl* field) {
    const std::string member = field->getNameAsString(), key = types_.key(field);
    const std::set<std::string> owned{"+owned-field:" + key, "+stores-user:" + key + "|stores-any:" + key};
    const SourceLocation at = field->getLocation();
    if (!type_.is_collected) {
      // A member of a class of its own refers back only when that class can.
      if (!type_.has_base && field->getType()->getPointeeType()->getAsRecordDecl()->getName() == "_object")
        say("py-no-gc", "note", at,
            type_.name + " owns '" + member + "', which may refer back to it, but has no Py_TPFLAGS_HAVE_GC", member,
            {"+owned-field:" + key, "+stores-user:" + key});
      return;
    }
    if (!type_.traverse) return;
    const Key traverse = types_.key(type_.traverse);
    std::set<std::string> needs = owned;
    needs.insert({"+seen:" + traverse, "-mentions:" + traverse + ":" + key});
    say("py-traverse", "warning", at,
        "tp_traverse of " + type_.name + " does not visit '" + member + "': no cycle through it is ever collected",
        member, needs);
    needs = owned;
    needs.insert("+mentions:" + traverse + ":" + key);
    if (!type_.clear) {
      if (!type_.has_base)
        say("py-clear", "note", type_.at,
            type_.name + " visits its members but has no tp_clear: a cycle of such objects alone stays", "none", needs);
      return;
    }
    const Key clear = types_.key(type_.clear);
    needs.insert({"+seen:" + clear, "-mentions:" + clear + ":" + key});
    say("py-clear", "warning", at,
        "tp_clear of " + type_.name + " does not clear '" + member + "', which tp_traverse visits", member, needs);
  }

  void say(const char* rule, const char* severity, SourceLocation at, const std::string& message,
           const std::string& detail, std::set<std::string> needs) {
    SiteFact fact;
    fact.rule = rule;
    fact.severity = severity;
    fact.location = types_.location(at);
    fact.subject = type_.key;
    fact.message = message;
    fact.detail = type_.name + " " + detail;
    needs.insert("-patched:" + type_.key);
    fact.needs.assign(needs.begin(), needs.end());
    types_.add_site(std::move(fact));
  }

  UnitTypes& types_;
  const TypeObject& type_;
};

// PyMemberDef rows that let Python code put any object into a member.
void add_writable_members(UnitTypes& types, const InitListExpr* rows) {
  for (const Expr* row : rows->inits()) {
    const InitListExpr* list = list_of(row);
    if (!list) continue;
    int64_t type = 0, flags = 0;
    const FieldDecl* member = nullptr;
    each_field(list, [&](StringRef name, const Expr* value) {
      if (name == "type") type = number_of(value, types.context);
      if (name == "flags") flags = number_of(value, types.context);
      const auto* offset = dyn_cast<OffsetOfExpr>(strip_casts(value));
      if (offset && offset->getNumComponents() == 1 && offset->getComponent(0).getKind() == OffsetOfNode::Field)
        member = offset->getComponent(0).getField();
    });
    if (!member || (type != kMemberObject && type != kMemberObjectEx) || (flags & kReadOnly)) continue;
    say_python(types, "owned-field:" + types.key(member));
    say_python(types, "stores-user:" + types.key(member));
  }
}

// Which members a function touches, and which functions it calls with them; what types it changes at run time.
class MemberVisitor : public RecursiveASTVisitor<MemberVisitor> {
 public:
  MemberVisitor(UnitTypes& types, const FunctionDecl* function, bool is_slot)
      : types_(types), key_(types.key(function)), is_slot_(is_slot) {}
  bool VisitMemberExpr(MemberExpr* member) {
    if (is_slot_ && is_python_object(member->getType()))
      say_python(types_, "mentions:" + key_ + ":" + types_.key(member->getMemberDecl()));
    return true;
  }
  bool VisitCallExpr(CallExpr* call) {
    const FunctionDecl* callee = call->getDirectCallee();
    if (!callee || !is_slot_ || !callee->getDeclName().isIdentifier()) return true;
    if (callee->getName() == "Py_TYPE") say_python(types_, "visits-type:" + key_);
    if (types_.is_project(callee->getLocation())) say_python(types_, "mentions-as:" + key_ + "=" + types_.key(callee));
    return true;
  }
  bool VisitBinaryOperator(BinaryOperator* assignment) {
    const auto* member =
        assignment->isAssignmentOp() ? dyn_cast<MemberExpr>(strip_casts(assignment->getLHS())) : nullptr;
    if (!member || !member->getMemberDecl()->getName().starts_with("tp_")) return true;
    if (const auto* named = dyn_cast<DeclRefExpr>(strip_casts(member->getBase())))
      say_python(types_, "patched:" + types_.key(named->getDecl()));
    return true;
  }

 private:
  UnitTypes& types_;
  Key key_;
  bool is_slot_;
};

class ObjectVisitor : public RecursiveASTVisitor<ObjectVisitor> {
 public:
  bool found = false;
  bool VisitExpr(Expr* expression) { return !(found = found || is_python_object(expression->getType())); }
};

}  // namespace

void add_python_tables(UnitTypes& types, const VarDecl* variable) {
  if (!variable->hasGlobalStorage() || !variable->getInit() || !variable->isThisDeclarationADefinition()) return;
  const InitListExpr* list = list_of(variable->getInit());
  if (!list) return;
  const Type* element = list->getType()->getBaseElementTypeUnsafe();
  const RecordDecl* record = element->getAsRecordDecl();
  if (!record) return;
  const StringRef name = record_name(record);
  if (!name.starts_with("Py") && name != "_typeobject") return;
  EntryVisitor(types).TraverseStmt(const_cast<InitListExpr*>(list));
  if (name == "PyMemberDef" && list->getType()->isArrayType()) add_writable_members(types, list);
  if ((name != "_typeobject" && name != "PyType_Spec") || !list->getType()->isRecordType()) return;
  TypeObject type = read_type(list, types.context);
  type.name = variable->getNameAsString();
  type.key = types.key(variable);
  type.at = variable->getLocation();
  type.is_heap_type = name == "PyType_Spec";
  TypeChecker(types, type).check();
}

void add_python_members(UnitTypes& types, const FunctionDecl* function) {
  // tp_traverse, tp_clear and helpers of theirs: an object first, and nothing given back but a status.
  const bool is_slot = function->getNumParams() > 0 && !is_python_object(function->getReturnType());
  if (is_slot) say_python(types, "seen:" + types.key(function));
  MemberVisitor(types, function, is_slot).TraverseStmt(function->getBody());
  ObjectVisitor objects;
  objects.TraverseStmt(function->getBody());
  if (objects.found) PythonFunction(types, function).check();
}

}  // namespace reftally::lint
