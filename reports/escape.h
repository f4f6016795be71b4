// Text as each format can hold it. Whatever a program calls its types, its files and itself comes through here.
#pragma once

#include <string>
#include <string_view>

namespace reftally {

// Valid UTF-8 without control characters, line separators or marks that change the direction of text: these are shown
// as \x1b or \u202e.
std::string printable(std::string_view text);

std::string escape_html(std::string_view text);        // printable, and < > & " ' as entities
std::string escape_html_lines(std::string_view text);  // the same line by line
std::string escape_dot(std::string_view text);         // printable, for the inside of a quoted DOT string
std::string escape_markdown(std::string_view text);    // printable, no character of it is markup
std::string markdown_code(std::string_view text);      // printable, between backticks

// At most `most` bytes, cut between characters, and then "…".
std::string cut(std::string_view text, size_t most);

}  // namespace reftally
