#include "runtime/preload/symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include "runtime/core/options.h"

namespace reftally::runtime {
namespace {

// dladdr has argv[0] for the executable, where setproctitle() writes what it likes.
const char* file_of(void* address) noexcept {
  static char executable[kMaxPath];
  Dl_info found{};
  link_map* module = nullptr;
  if (dladdr1(address, &found, reinterpret_cast<void**>(&module), RTLD_DL_LINKMAP) == 0) return nullptr;
  if (module->l_name[0] != '\0') return module->l_name;
  const ssize_t length = readlink("/proc/self/exe", executable, sizeof executable - 1);
  executable[length > 0 ? length : 0] = '\0';
  return executable;
}

}  // namespace

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
  return file_of(address);
}

}  // namespace reftally::runtime
