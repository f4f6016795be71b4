#include "analyzer/lint/translation_unit_layouts.h"

#include <clang/AST/Mangle.h>
#include <clang/AST/RecordLayout.h>
#include <clang/AST/VTableBuilder.h>

#include <algorithm>

namespace reftally::lint {
namespace {

using namespace clang;

using Kind = LayoutFact::Kind;

std::optional<Kind> kind_of(QualType type) {
  if (const RecordDecl* record = type->getAsRecordDecl()) return record->isUnion() ? Kind::kUnion : Kind::kClass;
  if (type->isMemberPointerType()) return Kind::kMemberPointer;
  if (type->isPointerType()) return Kind::kPointer;
  if (type->isReferenceType()) return Kind::kReference;
  if (type->isArrayType()) return Kind::kArray;
  if (type->isEnumeralType()) return Kind::kEnum;
  if (type->isFunctionType()) return Kind::kFunction;
  if (type->isBuiltinType()) return Kind::kBase;
  return std::nullopt;  // vectors, complex numbers: nothing in them refers
}

bool has_user_destructor(const CXXRecordDecl* record) {
  const CXXDestructorDecl* destructor = record->getDestructor();
  return destructor && destructor->isUserProvided();
}

const FunctionDecl* function_around(const CXXRecordDecl* closure) {
  const DeclContext* around = closure->getDeclContext();
  while (around && !isa<FunctionDecl>(around)) around = around->getParent();
  return dyn_cast_or_null<FunctionDecl>(around);
}

}  // namespace

UnitLayouts::UnitLayouts(UnitTypes& types)
    : types_(types), mangler_(ItaniumMangleContext::create(types.context, types.context.getDiagnostics())) {}

UnitLayouts::~UnitLayouts() = default;

void UnitLayouts::add_class(const CXXRecordDecl* record) {
  record = record->getDefinition();
  if (!record || record->isDependentContext() || record->isInvalidDecl()) return;
  encoding(types_.context.getTypeDeclType(record));
  while (!pending_.empty()) {
    const QualType next = pending_.back();
    pending_.pop_back();
    describe(next, encodings_[next.getTypePtr()]);
  }
}

std::string UnitLayouts::encoding(QualType type) {
  type = type.getCanonicalType().getUnqualifiedType();
  if (const ArrayType* array = types_.context.getAsArrayType(type); array && array->getElementType().hasQualifiers())
    type = types_.context.getUnqualifiedArrayType(type);
  if (type->isVoidType()) return "v";
  if (type->isPointerType())  // const and volatile dropped
    type = types_.context.getPointerType(type->getPointeeType().getCanonicalType().getUnqualifiedType());
  const clang::Type* key = type.getTypePtr();
  if (auto known = encodings_.find(key); known != encodings_.end()) return known->second;
  if (type->isDependentType() || !kind_of(type)) return "v";
  const CXXRecordDecl* record = type->getAsCXXRecordDecl();
  std::string text;
  if (record) {
    text = class_encoding(record);
  } else if (type->isPointerType()) {
    text = "P" + encoding(type->getPointeeType());
  } else {
    llvm::raw_string_ostream out(text);
    mangler_->mangleCXXRTTIName(type, out);
    text.erase(0, StringRef(text).starts_with("_ZTS") ? 4 : 0);
  }
  encodings_[key] = text;
  pending_.push_back(type);
  return text;
}

std::string UnitLayouts::class_encoding(const CXXRecordDecl* record) {
  if (auto known = unnamed_.find(record->getCanonicalDecl()); known != unnamed_.end()) return known->second;
  std::string text;
  if (record->isLambda() && record->getLambdaManglingNumber() == 0) {
    const Location at = types_.location(record->getLocation());
    return "lambda " + at.file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
  }
  llvm::raw_string_ostream out(text);
  mangler_->mangleCXXRTTIName(types_.context.getTypeDeclType(record), out);
  text.erase(0, StringRef(text).starts_with("_ZTS") ? 4 : 0);
  return text;
}

void UnitLayouts::describe(QualType type, const std::string& encoding_of_type) {
  LayoutFact fact;
  fact.rtti = encoding_of_type;
  fact.kind = *kind_of(type);
  if (const CXXRecordDecl* record = type->getAsCXXRecordDecl()) {
    record = record->getDefinition();
    fact.is_complete = record && !record->isInvalidDecl() && !record->isDependentContext();
    if (fact.is_complete) describe_class(record, fact);
  } else if (!type->isIncompleteType() && !type->isFunctionType()) {
    fact.size = type->isReferenceType() ? 8 : types_.context.getTypeSizeInChars(type).getQuantity();
    fact.alignment = type->isReferenceType() ? 8 : types_.context.getTypeAlignInChars(type).getQuantity();
  }
  if (type->isPointerType() || type->isReferenceType()) fact.target = encoding(type->getPointeeType());
  if (const ArrayType* array = types_.context.getAsArrayType(type)) {
    fact.target = encoding(array->getElementType());
    if (const auto* constant = dyn_cast<ConstantArrayType>(array)) fact.count = constant->getSize().getZExtValue();
  }
  types_.facts.layouts.push_back(std::move(fact));
}

void UnitLayouts::describe_class(const CXXRecordDecl* record, LayoutFact& fact) {
  const ASTRecordLayout& layout = types_.context.getASTRecordLayout(record);
  fact.size = layout.getSize().getQuantity();
  fact.alignment = layout.getAlignment().getQuantity();
  fact.is_polymorphic = record->isDynamicClass();
  fact.is_closure = record->isLambda();
  fact.has_user_destructor = has_user_destructor(record);
  fact.location = types_.location(record->getLocation());
  if (fact.is_closure) name_closure(record, fact);
  add_bases(record, fact);
  add_fields(record, fact);
  if (const auto* instance = dyn_cast<ClassTemplateSpecializationDecl>(record))
    for (const TemplateArgument& argument : instance->getTemplateArgs().asArray()) add_argument(argument, fact);
}

void UnitLayouts::add_bases(const CXXRecordDecl* record, LayoutFact& fact) {
  const ASTRecordLayout& layout = types_.context.getASTRecordLayout(record);
  for (const CXXBaseSpecifier& base : record->bases()) {
    const CXXRecordDecl* target = base.getType()->getAsCXXRecordDecl();
    if (!target || !(target = target->getDefinition())) continue;
    LayoutMember member;
    member.is_base = true;
    member.is_virtual_base = base.isVirtual();
    member.type = encoding(base.getType());
    if (base.isVirtual()) {
      auto* vtables = cast<ItaniumVTableContext>(types_.context.getVTableContext());
      member.vtable_offset = vtables->getVirtualBaseOffsetOffset(record, target).getQuantity();
    } else {
      member.offset = layout.getBaseClassOffset(target).getQuantity();
    }
    fact.members.push_back(std::move(member));
  }
}

void UnitLayouts::add_fields(const CXXRecordDecl* record, LayoutFact& fact) {
  const ASTRecordLayout& layout = types_.context.getASTRecordLayout(record);
  std::vector<std::string> captures;
  if (record->isLambda())
    for (const LambdaCapture& capture : record->captures())
      captures.push_back(capture.capturesThis()       ? "this"
                         : capture.capturesVariable() ? capture.getCapturedVar()->getNameAsString()
                                                      : "");
  for (const FieldDecl* field : record->fields()) {
    const unsigned index = field->getFieldIndex();
    if (const CXXRecordDecl* inner = field->getType()->getAsCXXRecordDecl();
        inner && !inner->getDeclName() && !inner->getTypedefNameForAnonDecl() && !inner->isLambda())
      unnamed_.try_emplace(inner->getCanonicalDecl(), fact.rtti + "/" + std::to_string(index));
    LayoutMember member;
    member.name = index < captures.size() ? captures[index] : field->getNameAsString();
    member.type = encoding(field->getType());
    member.offset = layout.getFieldOffset(index) / 8;
    member.is_bit_field = field->isBitField();
    const Location at = types_.location(field->getLocation());
    member.line = at.file == fact.location.file ? at.line : fact.location.line;
    fact.members.push_back(std::move(member));
  }
}

void UnitLayouts::add_argument(const TemplateArgument& argument, LayoutFact& fact) {
  switch (argument.getKind()) {
    case TemplateArgument::Type:
      fact.arguments.push_back(encoding(argument.getAsType()));
      return;
    case TemplateArgument::Integral:
      fact.values.push_back(argument.getAsIntegral().getExtValue());
      return;
    case TemplateArgument::Pack:
      for (const TemplateArgument& element : argument.pack_elements()) add_argument(element, fact);
      return;
    default:
      return;
  }
}

// "Session::start()::{lambda(int)#2}", as parts: clang has no mangled name for it, g++ has.
void UnitLayouts::name_closure(const CXXRecordDecl* record, LayoutFact& fact) {
  if (record->getLambdaManglingNumber() != 0) return;
  const FunctionDecl* around = function_around(record);
  const CXXMethodDecl* call = record->getLambdaCallOperator();
  if (!around || !call || record->isGenericLambda() || around->isDependentContext()) return;
  GlobalDecl declaration(around);
  if (const auto* constructor = dyn_cast<CXXConstructorDecl>(around))
    declaration = GlobalDecl(constructor, Ctor_Complete);
  if (const auto* destructor = dyn_cast<CXXDestructorDecl>(around)) declaration = GlobalDecl(destructor, Dtor_Complete);
  if (mangler_->shouldMangleDeclName(around)) {
    llvm::raw_string_ostream out(fact.function);
    mangler_->mangleName(declaration, out);
  } else {
    fact.function = around->getNameAsString();  // main
  }
  std::string signature = fact.function;
  for (const ParmVarDecl* parameter : call->parameters()) {
    std::string text;
    llvm::raw_string_ostream out(text);
    mangler_->mangleCXXRTTIName(parameter->getType(), out);
    fact.parameters.push_back(StringRef(text).starts_with("_ZTS") ? text.substr(4) : text);
    signature += " " + fact.parameters.back();
  }
  auto& alike = closures_[signature];
  auto at = std::find(alike.begin(), alike.end(), record);
  if (at == alike.end()) at = alike.insert(at, record);
  fact.number = static_cast<uint32_t>(at - alike.begin()) + 1;
}

}  // namespace reftally::lint
