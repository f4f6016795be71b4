// Demangled type names as a person would write them, and their template arguments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reftally {

// Top-level template arguments: "A<B, C<D, E> >" gives "B" and "C<D, E>". Empty when there are none.
std::vector<std::string_view> template_arguments(std::string_view name);

// "Foo const*" without the trailing " const" or "*" of the outermost type.
std::string_view without_const(std::string_view name);
std::string_view without_pointer(std::string_view name);

// Default arguments, inline namespaces and the old "> >" removed:
// "std::vector<std::__cxx11::basic_string<char, …>, …>" gives "std::vector<std::string>".
std::string readable_type_name(std::string_view demangled);

}  // namespace reftally
