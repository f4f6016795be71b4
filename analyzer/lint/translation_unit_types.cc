#include "analyzer/lint/translation_unit_types.h"

#include <clang/AST/Attr.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/Mangle.h>
#include <clang/AST/RecordLayout.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Index/USRGeneration.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/Path.h>
#include <llvm/Support/xxhash.h>

#include <algorithm>

namespace reftally::lint {
namespace {

using namespace clang;

const llvm::StringSet<> kStrongNames = {"std::shared_ptr",
                                        "std::__shared_ptr",
                                        "std::experimental::shared_ptr",
                                        "boost::shared_ptr",
                                        "boost::intrusive_ptr",
                                        "boost::local_shared_ptr",
                                        "QSharedPointer",
                                        "QExplicitlySharedDataPointer",
                                        "scoped_refptr",
                                        "rtc::scoped_refptr",
                                        "osg::ref_ptr",
                                        "Glib::RefPtr",
                                        "folly::intrusive_ptr",
                                        "llvm::IntrusiveRefCntPtr",
                                        "WTF::RefPtr",
                                        "WTF::Ref"};
const llvm::StringSet<> kWeakNames = {"std::weak_ptr",   "std::__weak_ptr",  "std::experimental::weak_ptr",
                                      "boost::weak_ptr", "QWeakPointer",     "QPointer",
                                      "WTF::WeakPtr",    "osg::observer_ptr"};
const llvm::StringSet<> kUniqueNames = {"std::unique_ptr", "boost::scoped_ptr", "boost::movelib::unique_ptr",
                                        "std::auto_ptr", "QScopedPointer"};
// A signal owns the slots connected to it, as a std::function owns its closure.
const llvm::StringSet<> kCallableNames = {
    "std::function",   "std::move_only_function", "std::copyable_function", "std::packaged_task",
    "boost::function", "boost::signals2::signal", "sigc::signal",           "sigc::slot",
    "folly::Function", "absl::AnyInvocable",      "fu2::function",          "fu2::unique_function"};
const llvm::StringSet<> kOpaqueNames = {"std::any", "boost::any"};
// Template arguments that are never held.
const llvm::StringSet<> kPolicyNames = {
    "std::allocator",   "std::less",           "std::greater",          "std::hash",  "std::equal_to",
    "std::char_traits", "std::default_delete", "std::chrono::duration", "std::ratio", "std::basic_string"};

bool has_name(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_user_copy(const CXXRecordDecl* record) {
  for (const CXXConstructorDecl* constructor : record->ctors())
    if (constructor->isCopyConstructor() && !constructor->isDeleted() && !constructor->isDefaulted()) return true;
  return false;
}

const CXXMethodDecl* arrow_operator(const CXXRecordDecl* record) {
  for (const CXXMethodDecl* method : record->methods())
    if (method->getOverloadedOperator() == OO_Arrow) return method;
  return nullptr;
}

// Of a class with its bases, as far as they are the project's.
struct Shape {
  unsigned fields = 0, pointers = 0;
  bool destroys = false, copies = false;
};

void add_shape(const CXXRecordDecl* definition, const SourceManager& sources, Shape& shape) {
  for (const FieldDecl* field : definition->fields()) {
    ++shape.fields;
    shape.pointers += field->getType()->isPointerType();
  }
  const CXXDestructorDecl* destructor = definition->getDestructor();
  shape.destroys |= destructor && destructor->isUserProvided();
  shape.copies |= has_user_copy(definition);
  for (const CXXBaseSpecifier& base : definition->bases()) {
    const CXXRecordDecl* record = base.getType()->getAsCXXRecordDecl();
    if (record && record->hasDefinition() && !sources.isInSystemHeader(record->getLocation()))
      add_shape(record->getDefinition(), sources, shape);
  }
}

}  // namespace

UnitTypes::UnitTypes(ASTContext& context_, const ExtractOptions& options, Facts& facts_)
    : context(context_),
      sources(context_.getSourceManager()),
      facts(facts_),
      options_(options),
      mangler_(context_.createMangleContext()) {}

UnitTypes::~UnitTypes() = default;

Key UnitTypes::key(const Decl* declaration) {
  if (!declaration) return {};
  declaration = declaration->getCanonicalDecl();
  auto [slot, is_new] = keys_.try_emplace(declaration);
  if (!is_new) return slot->second;
  llvm::SmallString<128> usr;
  if (index::generateUSRForDecl(declaration, usr)) return {};
  char digits[17];
  snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(llvm::xxh3_64bits(usr.str())));
  return keys_[declaration] = digits;
}

Location UnitTypes::location(SourceLocation where) const {
  where = sources.getExpansionLoc(where);
  if (where.isInvalid()) return {};
  const auto [file, offset] = sources.getDecomposedLoc(where);
  const OptionalFileEntryRef entry = sources.getFileEntryRefForID(file);
  llvm::SmallString<256> path(entry ? entry->getName() : StringRef("<memory>"));
  llvm::sys::fs::make_absolute(path);
  llvm::sys::path::remove_dots(path, true);
  return {std::string(path), sources.getLineNumber(file, offset), sources.getColumnNumber(file, offset)};
}

bool UnitTypes::is_project(SourceLocation where) const {
  where = sources.getExpansionLoc(where);
  if (where.isInvalid()) return false;
  const FileID file = sources.getFileID(where);
  auto [slot, is_new] = project_files_.try_emplace(file, false);
  if (!is_new) return slot->second;
  if (sources.isInSystemHeader(where) || !sources.getFileEntryRefForID(file)) return false;
  const std::string path = location(where).file;
  // Installed headers are nobody's project, also when -I and not -isystem names their folder, as setuptools does.
  const bool installed = StringRef(path).starts_with("/usr/include/") || StringRef(path).starts_with("/usr/lib/") ||
                         StringRef(path).contains("/include/python3.");
  const bool excluded = std::any_of(options_.exclude.begin(), options_.exclude.end(),
                                    [&](const std::string& prefix) { return StringRef(path).starts_with(prefix); });
  return project_files_[file] = !excluded && !installed;
}

std::string UnitTypes::qualified_name(const NamedDecl* declaration) const {
  std::string name;
  llvm::raw_string_ostream out(name);
  PrintingPolicy policy(context.getLangOpts());
  policy.SuppressInlineNamespace = true;
  declaration->printQualifiedName(out, policy);
  return name;
}

std::string UnitTypes::type_name(QualType type) const {
  PrintingPolicy policy(context.getLangOpts());
  policy.SuppressTagKeyword = true;
  policy.SuppressInlineNamespace = true;
  policy.PrintCanonicalTypes = true;
  return type.getAsString(policy);
}

std::optional<Hold> UnitTypes::annotated_hold(const Decl* declaration) const {
  for (const auto* attribute : declaration->specific_attrs<AnnotateAttr>()) {
    if (attribute->getAnnotation() == "reftally::strong") return Hold::kStrong;
    if (attribute->getAnnotation() == "reftally::weak") return Hold::kWeak;
    if (attribute->getAnnotation() == "reftally::unique") return Hold::kUnique;
  }
  return std::nullopt;
}

// A class template of the project's with operator->, one pointer among at most two members and a destructor, here or in
// a base (VTK's has no template for it), is a smart pointer; one that can be copied counts.
std::optional<Hold> UnitTypes::hold_by_shape(const CXXRecordDecl* record) const {
  const auto* instance = dyn_cast<ClassTemplateSpecializationDecl>(record);
  if (!instance || sources.isInSystemHeader(instance->getLocation())) return std::nullopt;
  const CXXRecordDecl* definition = instance->getDefinition();
  if (!definition) definition = instance->getSpecializedTemplate()->getTemplatedDecl()->getDefinition();
  if (!definition || !arrow_operator(definition)) return std::nullopt;
  Shape shape;
  add_shape(definition, sources, shape);
  if (!shape.destroys || shape.fields > 2 || shape.pointers != 1) return std::nullopt;
  return shape.copies ? Hold::kStrong : Hold::kUnique;
}

TypeRole UnitTypes::role(const CXXRecordDecl* record) {
  record = record->getCanonicalDecl();
  auto found = roles_.find(record);
  if (found != roles_.end()) return found->second.first;
  const auto* instance = dyn_cast<ClassTemplateSpecializationDecl>(record);
  const std::string name = qualified_name(record);
  std::pair<TypeRole, std::optional<Hold>> result{TypeRole::kPlain, std::nullopt};
  const Decl* declared = instance ? instance->getSpecializedTemplate()->getTemplatedDecl() : record;
  if (auto hold = annotated_hold(declared))
    result = {TypeRole::kSmart, hold};
  else if (kStrongNames.contains(name) || has_name(options_.names.strong, name))
    result = {TypeRole::kSmart, Hold::kStrong};
  else if (kWeakNames.contains(name) || has_name(options_.names.weak, name))
    result = {TypeRole::kSmart, Hold::kWeak};
  else if (kUniqueNames.contains(name) || has_name(options_.names.unique, name))
    result = {TypeRole::kSmart, Hold::kUnique};
  else if (kCallableNames.contains(name) || has_name(options_.names.callable, name))
    result.first = TypeRole::kCallable;
  else if (kOpaqueNames.contains(name))
    result.first = TypeRole::kOpaque;
  else if (name == "std::reference_wrapper")
    result.first = TypeRole::kReferenceWrapper;
  else if (auto shape = hold_by_shape(record))
    result = {TypeRole::kSmart, shape};
  else if (!is_project(record->getLocation()))
    result.first = TypeRole::kLibrary;
  roles_[record] = result;
  return result.first;
}

std::optional<Hold> UnitTypes::smart_hold(const CXXRecordDecl* record) {
  role(record);
  return roles_[record->getCanonicalDecl()].second;
}

QualType UnitTypes::smart_target(const CXXRecordDecl* record) const {
  const auto* instance = dyn_cast<ClassTemplateSpecializationDecl>(record);
  if (instance && instance->getTemplateArgs().size() > 0) {
    const TemplateArgument& first = instance->getTemplateArgs()[0];
    if (first.getKind() == TemplateArgument::Type) {
      QualType target = first.getAsType();
      if (const ArrayType* array = context.getAsArrayType(target)) target = array->getElementType();
      return target;
    }
  }
  const CXXMethodDecl* arrow = record->hasDefinition() ? arrow_operator(record->getDefinition()) : nullptr;
  return arrow ? arrow->getReturnType()->getPointeeType() : QualType();
}

void UnitTypes::collect_arguments(const TemplateArgumentList& arguments, std::vector<FieldEdge>& out, int depth) {
  auto one = [&](const TemplateArgument& argument) {
    if (argument.getKind() != TemplateArgument::Type) return;
    const CXXRecordDecl* record = argument.getAsType()->getAsCXXRecordDecl();
    if (record && kPolicyNames.contains(qualified_name(record))) return;
    collect(argument.getAsType(), out, true, depth + 1);
  };
  for (const TemplateArgument& argument : arguments.asArray()) {
    if (argument.getKind() == TemplateArgument::Pack)
      for (const TemplateArgument& element : argument.pack_elements()) one(element);
    else
      one(argument);
  }
}

void UnitTypes::collect_smart(const CXXRecordDecl* record, Hold hold, std::vector<FieldEdge>& out, bool many,
                              int depth) {
  const QualType target = smart_target(record);
  if (target.isNull()) return;
  if (target->isVoidType()) {
    if (hold == Hold::kStrong || hold == Hold::kUnique) out.push_back({Hold::kOpaque, {}, many, false});
    return;
  }
  const CXXRecordDecl* pointee = target->getAsCXXRecordDecl();
  if (!pointee) return;
  if (role(pointee) == TypeRole::kPlain) {
    out.push_back({hold, key(pointee), many, target.isConstQualified()});
    return;
  }
  // shared_ptr<vector<shared_ptr<T>>>: what lies inside is held as strongly as the outer pointer allows.
  std::vector<FieldEdge> inner;
  collect(target, inner, true, depth + 1);
  for (FieldEdge& edge : inner) {
    if (hold == Hold::kWeak || hold == Hold::kRaw) edge.hold = hold;
    if (edge.hold == Hold::kValue) edge.hold = hold;
    out.push_back(edge);
  }
}

void UnitTypes::collect(QualType type, std::vector<FieldEdge>& out, bool many, int depth) {
  if (depth > 8 || type.isNull()) return;
  type = type.getCanonicalType();
  if (const ArrayType* array = context.getAsArrayType(type))
    return collect(array->getElementType(), out, true, depth + 1);
  if (type->isPointerType() || type->isReferenceType()) {
    const QualType target = type->getPointeeType();
    if (const CXXRecordDecl* record = target->getAsCXXRecordDecl(); record && role(record) == TypeRole::kPlain)
      out.push_back({Hold::kRaw, key(record), many, target.isConstQualified()});
    return;
  }
  const CXXRecordDecl* record = type->getAsCXXRecordDecl();
  if (!record) return;
  const auto* instance = dyn_cast<ClassTemplateSpecializationDecl>(record);
  switch (role(record)) {
    case TypeRole::kSmart:
      return collect_smart(record, *smart_hold(record), out, many, depth);
    case TypeRole::kCallable:
      return out.push_back({Hold::kCallable, {}, many, false});
    case TypeRole::kOpaque:
      return out.push_back({Hold::kOpaque, {}, many, false});
    case TypeRole::kReferenceWrapper:
      return;
    case TypeRole::kLibrary:
      if (instance) collect_arguments(instance->getTemplateArgs(), out, depth);
      return;
    case TypeRole::kPlain:
      // A comparator or hash among template arguments holds nothing.
      if (!(record->hasDefinition() && record->isEmpty())) out.push_back({Hold::kValue, key(record), many, false});
  }
}

const std::vector<FieldEdge>& UnitTypes::edges(QualType type) {
  const Type* canonical = type.getCanonicalType().getTypePtr();
  auto found = edges_.find(canonical);
  if (found != edges_.end()) return found->second;
  std::vector<FieldEdge> out;
  collect(type, out, false, 0);
  return edges_[canonical] = std::move(out);
}

bool UnitTypes::owns_something(QualType type) {
  for (const FieldEdge& edge : edges(type))
    if (edge.hold == Hold::kStrong || edge.hold == Hold::kUnique || edge.hold == Hold::kCallable ||
        edge.hold == Hold::kOpaque)
      return true;
  return false;
}

bool UnitTypes::carries_object(QualType type) {
  type = type.getCanonicalType().getNonReferenceType();
  if (type->isPointerType()) return type->getPointeeType()->isRecordType();
  const CXXRecordDecl* record = type->getAsCXXRecordDecl();
  if (!record) return false;
  if (record->isLambda()) return true;
  switch (role(record)) {
    case TypeRole::kSmart:
    case TypeRole::kCallable:
    case TypeRole::kOpaque:
    case TypeRole::kPlain:
      return true;
    default:
      return !edges(type).empty();
  }
}

const CXXRecordDecl* UnitTypes::object_class(QualType type) {
  type = type.getCanonicalType().getNonReferenceType();
  if (type->isPointerType()) type = type->getPointeeType();
  for (int depth = 0; depth < 4; ++depth) {
    const CXXRecordDecl* record = type->getAsCXXRecordDecl();
    if (!record) return nullptr;
    const TypeRole kind = role(record);
    if (kind == TypeRole::kPlain) return record;
    if (kind != TypeRole::kSmart) return nullptr;
    type = smart_target(record);
    if (type.isNull()) return nullptr;
    type = type.getCanonicalType();
  }
  return nullptr;
}

FieldFact UnitTypes::field_fact(const FieldDecl* field, const Location& record_at, int64_t offset_bits) {
  FieldFact fact;
  fact.key = key(field);
  fact.name = field->getNameAsString();
  fact.type = type_name(field->getType());
  const Location at = location(field->getLocation());
  fact.line = at.file == record_at.file ? at.line : record_at.line;
  fact.column = at.file == record_at.file ? at.column : record_at.column;
  fact.offset = field->isBitField() ? -1 : offset_bits / 8;
  fact.is_const = field->getType().isConstQualified();
  fact.edges = edges(field->getType());
  if (auto hold = annotated_hold(field))
    for (FieldEdge& edge : fact.edges) edge.hold = *hold;
  return fact;
}

void UnitTypes::add_record(const CXXRecordDecl* record) {
  record = record->getDefinition();
  if (!record || record->isDependentContext() || record->isInvalidDecl() || record->isLambda()) return;
  if (!is_project(record->getLocation())) return;
  RecordFact fact;
  fact.key = key(record);
  if (fact.key.empty() || !recorded_.insert(fact.key).second) return;
  const QualType type = context.getTypeDeclType(record);
  fact.name = type_name(type);
  llvm::raw_string_ostream rtti(fact.rtti);
  mangler_->mangleCXXRTTIName(type, rtti);
  if (fact.rtti.starts_with("_ZTS")) fact.rtti.erase(0, 4);
  if (isa<ClassTemplateSpecializationDecl>(record)) fact.pattern = qualified_name(record);
  fact.location = location(record->getLocation());
  const ASTRecordLayout& layout = context.getASTRecordLayout(record);
  fact.size = layout.getSize().getQuantity();
  fact.is_polymorphic = record->isPolymorphic();
  fact.is_union = record->isUnion();
  for (const CXXBaseSpecifier& base : record->bases()) {
    const CXXRecordDecl* target = base.getType()->getAsCXXRecordDecl();
    if (!target || !target->hasDefinition()) continue;
    if (StringRef(qualified_name(target)).ends_with("enable_shared_from_this")) fact.counts_itself = true;
    fact.bases.push_back({key(target), base.isVirtual() ? -1 : layout.getBaseClassOffset(target).getQuantity()});
    add_record(target);
  }
  for (const FieldDecl* field : record->fields())
    fact.fields.push_back(field_fact(field, fact.location, layout.getFieldOffset(field->getFieldIndex())));
  if (const CXXDestructorDecl* destructor = record->getDestructor()) {
    fact.has_virtual_destructor = destructor->isVirtual();
    fact.has_user_destructor = destructor->isUserProvided();
  }
  facts.records.push_back(std::move(fact));
}

void UnitTypes::add_site(SiteFact site) {
  const std::string id = site.rule + site.location.file + ":" + std::to_string(site.location.line) + ":" +
                         std::to_string(site.location.column) + site.detail;
  if (site_ids_.insert(id).second) facts.sites.push_back(std::move(site));
}

}  // namespace reftally::lint
