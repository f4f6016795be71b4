// Declared facts in a dump: objects, references and roots that a runtime knows for certain.
#pragma once

#include "analyzer/image/dump_file.h"
#include "analyzer/image/image.h"

namespace reftally {

// Fills image.declared; needs image.strings, stacks and modules.
void read_declared_facts(const DumpFile& file, Image& image);

}  // namespace reftally
