// One spelling for a type's name, whoever wrote it: g++'s DWARF ("const char*", "long unsigned int", "3"), clang's
// ("const char *", "unsigned long", "3UL") and the demangler ("char const*", "unsigned long", "3ul").
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reftally {

// The demangler's spelling, with ">>" for "> >", without literal suffixes and ABI tags:
// "std::map<char const*, std::array<int, 3>>".
std::string normal_type_name(std::string_view text);

// Equal for two spellings of one type; less detail than the normal name: functions that enclose a type lose their
// parameters and lambdas their number, as DWARF has neither.
std::string type_key(std::string_view text);

// Of "a::B<c::D, 3>::E": scope "a::B<c::D, 3>", short name "E".
struct SplitName {
  std::string_view scope, short_name;
};
SplitName split_name(std::string_view name);

// "vector" of "std::vector<int>".
std::string_view template_name(std::string_view name);

// Top-level template arguments of the last component: {"c::D", "3"} of "a::B<c::D, 3>".
std::vector<std::string_view> template_argument_texts(std::string_view name);

std::string_view base_name(std::string_view path);  // after the last '/'

}  // namespace reftally
