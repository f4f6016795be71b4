// Whether the end of an object comes to its own shared_from_this(): nobody owns the object any more, so that throws
// std::bad_weak_ptr, out of a destructor. Told by the code of what destroys it, and of the
// functions called from there whose names tell of the class. x86-64 only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "analyzer/base/source_frame.h"
#include "analyzer/image/code_calls.h"
#include "analyzer/image/debug_types.h"

namespace reftally {

// `vtables`: of the control block and of the class, without bias. `frames`: of a return address without bias, innermost
// first. Returns the frame of the program that makes the call; nothing where none is seen.
std::optional<SourceFrame> find_shared_this_call(const Type& type, std::span<const uint64_t> vtables,
                                                 const ModuleCode& code, CodeCalls calls,
                                                 const std::function<std::vector<SourceFrame>(uint64_t)>& frames);

}  // namespace reftally
