#include "analyzer/flavours/flavours.h"

#include <array>

namespace reftally {

namespace {

constexpr std::array kFlavours = {
    Flavour{FlavourId::kSharedPtr, "shared_ptr", find_shared_ptr_objects, refine_shared_ptr_objects},
    Flavour{FlavourId::kSharedPtr, "shared_ptr", nullptr, find_qt_shared_objects},  // of Qt: told by symbols
    Flavour{FlavourId::kIntrusive, "intrusive", nullptr, nullptr},  // known once types are walked: own_counts.h
    Flavour{FlavourId::kGObject, "GObject", find_gobjects, nullptr},
    Flavour{FlavourId::kGObject, "GObject", find_mini_objects, nullptr},  // GStreamer's that are none, but count alike
    Flavour{FlavourId::kDeclared, "declared", find_told_objects, nullptr},  // after those that memory shows
};

}  // namespace

std::span<const Flavour> flavours() { return kFlavours; }

}  // namespace reftally
