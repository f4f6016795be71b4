// Names as a reader wants them, and as each format can hold them.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/base/source_frame.h"

namespace reftally {

// "std::vector<std::shared_ptr<Child>, std::allocator<std::shared_ptr<Child> > >" ->
// "std::vector<std::shared_ptr<Child>>": allocators, default deleters, hashes and comparisons are elided, std::__cxx11
// is std, and long arguments become "…".
std::string short_type(std::string_view name, size_t most = 60);

// Valid UTF-8 without control characters: whatever a program calls its types must not break a terminal or a format.
std::string printable(std::string_view text);

std::string escape_html(std::string_view text);  // printable, and < > & " ' as entities
std::string escape_dot(std::string_view text);   // printable, for the inside of a quoted DOT string

// "Session::handler_"; dotted: "app.Session.handler", "dict[\"key\"]", "coroutine app.main, local task".
std::string member_text(std::string_view owner, std::string_view path, bool dotted);

std::string bytes_text(uint64_t bytes);                     // "512 B", "12.4 MB" (powers of 1,000)
std::string count_text(uint64_t count);                     // "3,412"
std::string plural(uint64_t count, std::string_view noun);  // "1 object", "3,412 objects"

// Whether a frame belongs to the allocator, the standard library or the agent rather than to the program.
bool is_library_frame(const SourceFrame& frame);
std::string frame_text(const SourceFrame& frame);  // "Session::open() session.cpp:33"
std::string base_name(std::string_view path);

}  // namespace reftally
