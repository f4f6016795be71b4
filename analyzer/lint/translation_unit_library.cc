// Library functions by what they do to the references given to them. Bodies of libraries are not read.
#include "analyzer/lint/translation_unit_bodies.h"

namespace reftally::lint {
namespace {

using namespace clang;

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
std::string name_of_argument(const Expr* argument) {
  if (const auto* reference = dyn_cast<DeclRefExpr>(argument)) return reference->getDecl()->getNameAsString();
  if (const auto* call = dyn_cast<CallExpr>(argument))
    if (const StringRef name = simple_name(call->getDirectCallee()); !name.empty()) return name.str() + "()";
  return "argument";
}

}  // namespace

bool reads_receiver(StringRef name) { return kReaders.contains(name); }
bool makes_objects(StringRef name) { return kMakers.contains(name); }

// A weak_ptr, or a plain pointer: what is given it is not kept alive.
bool BodyBuilder::only_watches(QualType type) const {
  type = type.getNonReferenceType();
  if (type->isPointerType()) return true;
  const CXXRecordDecl* record = type->getAsCXXRecordDecl();
  if (!record) return false;
  const TypeRole role = types_.role(record);
  return role == TypeRole::kReferenceWrapper ||
         (role == TypeRole::kSmart && types_.smart_hold(record) == std::optional(Hold::kWeak));
}

// What is written to a member. A std::any owns what it is given only as far as the type of that does.
std::vector<uint32_t> BodyBuilder::kept_values(const Expr* target, llvm::ArrayRef<const Expr*> given) {
  std::vector<uint32_t> result = values(given);
  const Expr* object = nullptr;
  const FieldDecl* field = field_of(target, object);
  if (!field) return result;
  const std::vector<FieldEdge>& edges = types_.edges(field->getType());
  if (std::none_of(edges.begin(), edges.end(), [](const FieldEdge& edge) { return edge.hold == Hold::kOpaque; }))
    return result;
  for (size_t i = 0; i < given.size(); ++i)
    if (only_watches(strip(given[i])->getType())) result[i] = kNone;
  return result;
}

// How an index is written: the same text is the same element.
std::string BodyBuilder::written(const Expr* index) const {
  std::string text;
  llvm::raw_string_ostream out(text);
  index->IgnoreImplicit()->printPretty(out, nullptr, types_.context.getPrintingPolicy());
  return text;
}

uint32_t BodyBuilder::value_of_operator(const CXXOperatorCallExpr* call) {
  if (call->getNumArgs() == 0) return kNone;
  switch (call->getOperator()) {
    case OO_Equal:
      if (call->getNumArgs() == 2) {
        const uint32_t what = value(call->getArg(1));
        write(call->getArg(0), kept_values(call->getArg(0), {call->getArg(1)}).front(), call->getOperatorLoc());
        return what;
      }
      return kNone;
    case OO_PlusEqual:
      write(call->getArg(0), value(call->getArg(1)), call->getOperatorLoc(), true);
      return value(call->getArg(0));
    case OO_Subscript:
      return element(value(call->getArg(0)), call->getExprLoc(), written(call->getArg(1)));
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
    const uint32_t what = join(kept_values(receiver, arguments), at);
    if (what != kNone) write(receiver, what, at, name != "reset" && name != "assign");
    return name == "emplace" || name == "emplace_back" ? what : kNone;
  }
  if (name == "at") return element(object, at, arguments.empty() ? "" : written(arguments[0]));
  if (name == "front" || name == "back") return element(object, at, name.str());
  return kReaders.contains(name) ? object : kNone;
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
}  // namespace reftally::lint
