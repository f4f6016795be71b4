#include "analyzer/layouts/layouts.h"

#include <array>

namespace reftally {

const Layout* find_layout(const Type& type) {
  if (type.kind != Type::Kind::kClass) return nullptr;
  const std::string_view name = type.template_name();
  if (!is_library_scope(type.scope) && !(type.scope.empty() && name.starts_with('Q'))) return nullptr;
  for (const auto& library : std::array{libstdcxx_layouts(), libstdcxx_node_layouts(), closure_layouts(),
                                        libcxx_layouts(), boost_layouts(), qt_layouts()}) {
    for (const Layout& layout : library) {
      if (layout.name == name && layout.scope == type.scope) return &layout;
    }
  }
  return nullptr;
}

}  // namespace reftally
