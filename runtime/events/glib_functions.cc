#include "runtime/events/glib_functions.h"

#include <dlfcn.h>

namespace reftally::runtime {
namespace {

// Functions found so are kept for good, and so must be what they are in.
void keep_loaded(const void* function) noexcept {
  Dl_info info{};
  if (dladdr(function, &info) != 0) dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

void* symbol_of(const char* library, const char* symbol, const void* hook) noexcept {
  void* const handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return nullptr;
  void* const found = dlsym(handle, symbol);
  if (found != nullptr && found != hook) keep_loaded(found);
  dlclose(handle);
  return found != hook ? found : nullptr;
}

}  // namespace

void* next_global(const char* symbol) noexcept { return dlsym(RTLD_NEXT, symbol); }

void* next_of_caller(const char* symbol, uint64_t caller, const void* hook, const char* library) noexcept {
  Dl_info info{};
  const bool known = dladdr(reinterpret_cast<const void*>(caller - 1), &info) != 0 && info.dli_fname != nullptr;
  void* const found = known ? symbol_of(info.dli_fname, symbol, hook) : nullptr;
  return found != nullptr ? found : symbol_of(library, symbol, hook);
}

}  // namespace reftally::runtime
