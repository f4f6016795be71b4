// The kinds of counted objects, one row each.
#pragma once

#include <span>
#include <string_view>

#include "analyzer/flavours/counted_object.h"
#include "analyzer/image/debug_types.h"

namespace reftally {

struct Flavour {
  FlavourId id;
  std::string_view name;  // as printed: "shared_ptr"
  // Adds the objects of this flavour found in the image; nullptr when memory alone does not tell.
  void (*find_objects)(const Image& image, CountedObjects& found);
  // Corrects or adds what only debug information can tell; nullptr when there is nothing of that kind.
  void (*refine_objects)(const Image& image, const DebugTypes& types, CountedObjects& found);
};

std::span<const Flavour> flavours();

void find_shared_ptr_objects(const Image& image, CountedObjects& found);
void find_gobjects(const Image& image, CountedObjects& found);
void find_mini_objects(const Image& image, CountedObjects& found);
void find_told_objects(const Image& image, CountedObjects& found);
void refine_shared_ptr_objects(const Image& image, const DebugTypes& types, CountedObjects& found);

void find_qt_shared_objects(const Image& image, const DebugTypes& types, CountedObjects& found);

}  // namespace reftally
