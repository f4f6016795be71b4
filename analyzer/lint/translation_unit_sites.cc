// Places that a rule reports by themselves, without the rest of the program.
#include <clang/AST/DeclCXX.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/RecursiveASTVisitor.h>

#include "analyzer/lint/translation_unit_types.h"

namespace reftally::lint {

void add_sites(UnitTypes&, const clang::FunctionDecl*) {}

}  // namespace reftally::lint
