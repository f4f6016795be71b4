// Names and numbers as a reader wants them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reports/report.h"

namespace reftally {

// "std::vector<std::shared_ptr<Child>, std::allocator<std::shared_ptr<Child> > >" ->
// "std::vector<std::shared_ptr<Child>>": default arguments are elided, and where the name has more than `most`
// characters, inner template arguments become "…".
std::string short_type(std::string_view name, size_t most = 60);

// "void net::Session::open<int>(int)::{lambda()#1}::operator()() const" -> "net::Session::open::{lambda#1}": without
// return type, parameters and template arguments of functions.
std::string short_function(std::string_view name);

std::string bytes_text(uint64_t bytes);                     // "512 B", "12.4 MB" (powers of 1,000)
std::string percent_text(uint64_t part, uint64_t whole);    // "99.93 %": rounded down, 100.00 only when all
std::string count_text(uint64_t count);                     // "3,412"
std::string plural(uint64_t count, std::string_view noun);  // "1 object", "3,412 objects"

std::string action_text(const ReportAdvice& advice);  // "make Page::document_ weak (page.h:8)"
// Of findings beyond the first `top`, worst first: what was left out, and how to see it.
std::string left_out_text(const Report& report, size_t top);

// Whether a frame belongs to the allocator, the standard library or the agent rather than to the program.
bool is_library_frame(const ReportFrame& frame);
std::string place_text(const ReportFrame& frame);  // "session.cpp:33", "session.so", or empty
std::string frame_text(const ReportFrame& frame);  // "Session::open session.cpp:33"
std::string base_name(std::string_view path);
size_t display_width(std::string_view text);  // columns of a terminal, one a code point

}  // namespace reftally
