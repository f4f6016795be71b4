// The table of library classes whose insides the walker knows: one row a class, one file a library.
#pragma once

#include <span>

#include "analyzer/layouts/walker.h"

namespace reftally {

const Layout* find_layout(const Type& type);

std::span<const Layout> libstdcxx_layouts();
std::span<const Layout> libstdcxx_node_layouts();
std::span<const Layout> closure_layouts();
std::span<const Layout> libcxx_layouts();
std::span<const Layout> boost_layouts();
std::span<const Layout> qt_layouts();
std::span<const Layout> qt_container_layouts();
std::span<const Layout> tbb_layouts();

}  // namespace reftally
