// DebugTypes of a program without any debug information: every question is answered "unknown". Stands in until the
// reader of symbols and DWARF joins (analyzer/image/debug_types.cc), which replaces this file.
#include <cstdlib>
#include <cxxabi.h>

#include "analyzer/image/debug_types.h"

namespace reftally {

struct DebugTypes::Data {};
DebugTypes::DebugTypes(const Image&, const DebugOptions&) {}
DebugTypes::~DebugTypes() = default;
const Type* DebugTypes::find(std::string_view) const { return nullptr; }
const Type* DebugTypes::find_mangled(std::string_view) const { return nullptr; }
std::vector<Variable> DebugTypes::variables() const { return {}; }
std::string DebugTypes::symbol_at(uint64_t) const { return {}; }
std::string DebugTypes::data_symbol_at(uint64_t) const { return {}; }
std::vector<SourceFrame> DebugTypes::source_frames(uint64_t) const { return {}; }
const Type* DebugTypes::closure_of_symbol(std::string_view) const { return nullptr; }
std::vector<std::string> DebugTypes::warnings() const { return {}; }
std::string_view Type::template_name() const { return std::string_view(short_name).substr(0, short_name.find('<')); }

std::string demangle(std::string_view mangled) {
  int status = 0;
  char* text = abi::__cxa_demangle(std::string(mangled).c_str(), nullptr, nullptr, &status);
  std::string result = text != nullptr ? text : std::string(mangled);
  std::free(text);
  return result;
}

std::string demangle_type(std::string_view type_info_name) { return demangle(type_info_name); }

}  // namespace reftally
