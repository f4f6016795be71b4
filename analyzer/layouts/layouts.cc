#include "analyzer/layouts/layouts.h"

#include <array>

namespace reftally {

const Layout* find_layout(const Type& type) {
  if (type.kind != Type::Kind::kClass) return nullptr;
  const std::string_view name = type.template_name();
  const bool is_of_qt = (type.scope.empty() && name.starts_with('Q')) || type.scope == "QHashPrivate";
  const bool is_of_tbb = type.scope == "tbb::detail::d1";
  if (!is_library_scope(type.scope) && !is_of_qt && !is_of_tbb) return nullptr;
  for (const auto& library :
       std::array{libstdcxx_layouts(), libstdcxx_node_layouts(), closure_layouts(), libcxx_layouts(), boost_layouts(),
                  qt_layouts(), qt_container_layouts(), tbb_layouts()}) {
    for (const Layout& layout : library) {
      if (layout.name == name && layout.scope == type.scope && (!layout.applies || layout.applies(type)))
        return &layout;
    }
  }
  return nullptr;
}

}  // namespace reftally
