// Shared by the clang-facing files: keys, positions, and how a type holds other objects.
#pragma once

#include <clang/AST/ASTContext.h>
#include <clang/AST/DeclTemplate.h>
#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/StringSet.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analyzer/lint/facts.h"
#include "analyzer/lint/translation_unit.h"

namespace clang {
class MangleContext;
}

namespace reftally::lint {

// What a class is to us when it appears as the type of a member or variable.
enum class TypeRole : uint8_t { kPlain, kSmart, kCallable, kOpaque, kReferenceWrapper, kLibrary };

class UnitTypes {
 public:
  UnitTypes(clang::ASTContext& context, const ExtractOptions& options, Facts& facts);
  ~UnitTypes();

  clang::ASTContext& context;
  const clang::SourceManager& sources;
  Facts& facts;

  Key key(const clang::Decl* declaration);
  Location location(clang::SourceLocation where) const;
  bool is_project(clang::SourceLocation where) const;
  std::string qualified_name(const clang::NamedDecl* declaration) const;  // inline namespaces dropped
  std::string type_name(clang::QualType type) const;

  TypeRole role(const clang::CXXRecordDecl* record);
  std::optional<Hold> smart_hold(const clang::CXXRecordDecl* record);      // when role is kSmart
  clang::QualType smart_target(const clang::CXXRecordDecl* record) const;  // null when unknown
  const std::vector<FieldEdge>& edges(clang::QualType type);
  bool owns_something(clang::QualType type);  // a strong, unique, callable or opaque edge
  bool carries_object(clang::QualType type);  // owning, weak, raw pointer or reference to a class: worth following
  const clang::CXXRecordDecl* object_class(clang::QualType type);  // class a value of this type refers to, or null

  void add_record(const clang::CXXRecordDecl* record);
  void add_site(SiteFact site);

 private:
  std::optional<Hold> annotated_hold(const clang::Decl* declaration) const;
  std::optional<Hold> hold_by_shape(const clang::CXXRecordDecl* record) const;
  void collect(clang::QualType type, std::vector<FieldEdge>& out, bool many, int depth);
  void collect_smart(const clang::CXXRecordDecl* record, Hold hold, std::vector<FieldEdge>& out, bool many, int depth);
  void collect_arguments(const clang::TemplateArgumentList& arguments, std::vector<FieldEdge>& out, int depth);
  FieldFact field_fact(const clang::FieldDecl* field, const Location& record_at, int64_t offset_bits);

  const ExtractOptions& options_;
  std::unique_ptr<clang::MangleContext> mangler_;
  llvm::DenseMap<const clang::Decl*, Key> keys_;
  llvm::DenseMap<const clang::CXXRecordDecl*, std::pair<TypeRole, std::optional<Hold>>> roles_;
  llvm::DenseMap<const clang::Type*, std::vector<FieldEdge>> edges_;
  std::set<Key> recorded_;
  std::set<std::string> site_ids_;
  mutable llvm::DenseMap<clang::FileID, bool> project_files_;
};

// translation_unit_bodies.cc: a function body as steps.
void add_function(UnitTypes& types, const clang::FunctionDecl* function);
// translation_unit_sites.cc: places that need no program-wide knowledge.
void add_sites(UnitTypes& types, const clang::FunctionDecl* function);

}  // namespace reftally::lint
