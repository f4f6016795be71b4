// How the project's classes lie in memory, and every type that they are made of: what DWARF would say, from clang.
#pragma once

#include <clang/AST/DeclCXX.h>

#include <map>

#include "analyzer/lint/translation_unit_types.h"

namespace clang {
class ItaniumMangleContext;
}

namespace reftally::lint {

class UnitLayouts {
 public:
  explicit UnitLayouts(UnitTypes& types);
  ~UnitLayouts();
  void add_class(const clang::CXXRecordDecl* record);  // and what it is made of

 private:
  std::string encoding(clang::QualType type);  // and takes it up, when it is new
  std::string class_encoding(const clang::CXXRecordDecl* record);
  void describe(clang::QualType type, const std::string& encoding);
  void describe_class(const clang::CXXRecordDecl* record, LayoutFact& fact);
  void add_bases(const clang::CXXRecordDecl* record, LayoutFact& fact);
  void add_fields(const clang::CXXRecordDecl* record, LayoutFact& fact);
  void add_argument(const clang::TemplateArgument& argument, LayoutFact& fact);
  void name_closure(const clang::CXXRecordDecl* record, LayoutFact& fact);

  UnitTypes& types_;
  std::unique_ptr<clang::ItaniumMangleContext> mangler_;
  llvm::DenseMap<const clang::Type*, std::string> encodings_;                 // of canonical types
  llvm::DenseMap<const clang::Decl*, std::string> unnamed_;                   // by what is around them
  std::map<std::string, std::vector<const clang::CXXRecordDecl*>> closures_;  // by function and parameters
  std::vector<clang::QualType> pending_;
};

}  // namespace reftally::lint
