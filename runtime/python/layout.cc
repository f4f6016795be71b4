#include "runtime/python/layout.h"

#include <iterator>

namespace reftally::python {
namespace {

#include "runtime/python/layouts/cpython-3.10.inc"
#include "runtime/python/layouts/cpython-3.11.inc"
#include "runtime/python/layouts/cpython-3.12.inc"
#include "runtime/python/layouts/cpython-3.13.inc"
#include "runtime/python/layouts/cpython-3.9.inc"

constexpr const Layout* kLayouts[] = {&cpython_3_9::kLayout, &cpython_3_10::kLayout, &cpython_3_11::kLayout,
                                      &cpython_3_12::kLayout, &cpython_3_13::kLayout};

}  // namespace

const Layout* find_layout(int minor) noexcept {
  for (const Layout* layout : kLayouts)
    if (layout->minor == minor) return layout;
  return nullptr;
}

}  // namespace reftally::python
