#include <cxxabi.h>

#include <charconv>
#include <cstdlib>
#include <memory>

#include "analyzer/image/debug_types.h"
#include "analyzer/image/type_names.h"

namespace reftally {

namespace {

std::string demangle_or_empty(const std::string& mangled) {
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  int status = 0;
  const std::unique_ptr<char, Free> text(abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status));
  return status == 0 && text ? text.get() : "";
}

// How a symbol begins, "app::Call<…>", where the C++ library cannot read the rest: g++ 12's fails at a lambda with a
// pack of auto parameters. Itanium C++ ABI 5.1.
std::string beginning_of(std::string_view mangled) {
  mangled.remove_prefix(mangled.find("_Z") + 2);
  while (mangled.starts_with('Z') || mangled.starts_with('N')) mangled.remove_prefix(1);
  while (!mangled.empty() && std::string_view("rVKRO").find(mangled.front()) != std::string_view::npos)
    mangled.remove_prefix(1);
  std::string text = mangled.starts_with("St") ? "std" : "";
  if (!text.empty()) mangled.remove_prefix(2);
  for (;;) {
    size_t length = 0;
    const auto [rest, error] = std::from_chars(mangled.data(), mangled.data() + mangled.size(), length);
    const auto digits = static_cast<size_t>(rest - mangled.data());
    if (error != std::errc() || length == 0 || length > mangled.size() - digits) break;
    const std::string_view name = mangled.substr(digits, length);
    text += text.empty() ? "" : "::";
    text += name == "_GLOBAL__N_1" ? "(anonymous namespace)" : name;
    mangled.remove_prefix(digits + length);
  }
  return text.empty() || !mangled.starts_with('I') ? text : text + "<…>";
}

}  // namespace

std::string demangle(std::string_view mangled) {
  if (!mangled.starts_with("_Z") && !mangled.starts_with("__Z")) return std::string(mangled);
  std::string text = demangle_or_empty(std::string(mangled.substr(0, mangled.find(".llvm."))));
  if (text.empty()) text = beginning_of(mangled);
  return text.empty() ? std::string(mangled) : text;
}

std::string demangle_type(std::string_view type_info_name) {
  if (type_info_name.starts_with('*')) type_info_name.remove_prefix(1);  // g++: compare by address
  const std::string text = demangle_or_empty(std::string(type_info_name));
  return text.empty() ? std::string(type_info_name) : normal_type_name(text);
}

}  // namespace reftally
