// Words of process memory in a dump (kTagWords): bitmaps and kept words, expanded into the image's regions.
#pragma once

#include "analyzer/image/dump_file.h"
#include "analyzer/image/image.h"

namespace reftally {

// Fills image.regions and image.region_storage; needs image.threads.
void read_word_regions(const DumpFile& file, Image& image);

}  // namespace reftally
