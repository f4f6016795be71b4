#include "runtime/preload/symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

namespace reftally::runtime {

const char* other_definition(const char* symbol) noexcept {
  static const char anchor = 0;
  Dl_info found{}, own{};
  ElfW(Sym)* entry = nullptr;
  void* address = dlsym(RTLD_DEFAULT, symbol);
  if (address == nullptr || dladdr(&anchor, &own) == 0) return nullptr;
  if (dladdr1(address, &found, reinterpret_cast<void**>(&entry), RTLD_DL_SYMENT) == 0) return nullptr;
  if (found.dli_fbase == own.dli_fbase) return nullptr;
  // A program that is not position-independent and takes the function's address has a stub for it, which leads to us.
  if (entry != nullptr && entry->st_shndx == SHN_UNDEF) return nullptr;
  return found.dli_fname;
}

}  // namespace reftally::runtime
