// Where a module's thread-local variables lie in a thread.
#pragma once

#include <optional>

#include "analyzer/image/image.h"

namespace reftally {

// The address of `module`'s block of thread-local storage in `thread`. Nothing when the thread has not touched it yet,
// or when memory does not say it without doubt.
std::optional<uint64_t> thread_local_block(const Image& image, const ImageThread& thread, const ImageModule& module);

}  // namespace reftally
