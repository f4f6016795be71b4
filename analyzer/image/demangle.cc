#include <cxxabi.h>

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

}  // namespace

std::string demangle(std::string_view mangled) {
  if (!mangled.starts_with("_Z") && !mangled.starts_with("__Z")) return std::string(mangled);
  const std::string text = demangle_or_empty(std::string(mangled));
  return text.empty() ? std::string(mangled) : text;
}

std::string demangle_type(std::string_view type_info_name) {
  if (type_info_name.starts_with('*')) type_info_name.remove_prefix(1);  // g++: compare by address
  const std::string text = demangle_or_empty(std::string(type_info_name));
  return text.empty() ? std::string(type_info_name) : normal_type_name(text);
}

}  // namespace reftally
