// operator new and delete, for allocators that bring their own and do not come through malloc. With libstdc++'s, malloc
// has recorded the block by the time we look. No function here has cleanups: a std::bad_alloc passes through untouched.
#include <dlfcn.h>

#include <cstddef>

#include "runtime/core/recorder.h"
#include "runtime/preload/process.h"

using namespace reftally::runtime;

namespace {

template <class Function>
Function* next(Function*& cached, const char* symbol) {
  if (cached == nullptr) cached = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, symbol));
  return cached;
}

void on_new(void* block, size_t size, const Registers& caller) noexcept {
  if (block == nullptr || !recording() || recorder.live.contains(reinterpret_cast<uint64_t>(block))) return;
  record_block(block, size, caller);
}

}  // namespace

// The mangled names are used as they are: declaring them as operators would ask for libstdc++'s headers and types.
#define REFTALLY_NEW(symbol, parameters, arguments)                                  \
  extern "C" [[gnu::visibility("default"), gnu::noinline]] void* symbol parameters { \
    static void*(*function)parameters = nullptr;                                     \
    void* block = next(function, #symbol) arguments;                                 \
    on_new(block, size, caller_registers());                                         \
    return block;                                                                    \
  }
#define REFTALLY_DELETE(symbol, parameters, arguments)                              \
  extern "C" [[gnu::visibility("default"), gnu::noinline]] void symbol parameters { \
    static void(*function) parameters = nullptr;                                    \
    if (block != nullptr && recording()) forget_block(block);                       \
    next(function, #symbol) arguments;                                              \
  }

REFTALLY_NEW(_Znwm, (size_t size), (size))
REFTALLY_NEW(_Znam, (size_t size), (size))
REFTALLY_NEW(_ZnwmRKSt9nothrow_t, (size_t size, const void* tag), (size, tag))
REFTALLY_NEW(_ZnamRKSt9nothrow_t, (size_t size, const void* tag), (size, tag))
REFTALLY_NEW(_ZnwmSt11align_val_t, (size_t size, size_t alignment), (size, alignment))
REFTALLY_NEW(_ZnamSt11align_val_t, (size_t size, size_t alignment), (size, alignment))
REFTALLY_NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void* tag),
             (size, alignment, tag))
REFTALLY_NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void* tag),
             (size, alignment, tag))
REFTALLY_DELETE(_ZdlPv, (void* block), (block))
REFTALLY_DELETE(_ZdaPv, (void* block), (block))
REFTALLY_DELETE(_ZdlPvm, (void* block, size_t size), (block, size))
REFTALLY_DELETE(_ZdaPvm, (void* block, size_t size), (block, size))
REFTALLY_DELETE(_ZdlPvRKSt9nothrow_t, (void* block, const void* tag), (block, tag))
REFTALLY_DELETE(_ZdaPvRKSt9nothrow_t, (void* block, const void* tag), (block, tag))
REFTALLY_DELETE(_ZdlPvSt11align_val_t, (void* block, size_t alignment), (block, alignment))
REFTALLY_DELETE(_ZdaPvSt11align_val_t, (void* block, size_t alignment), (block, alignment))
REFTALLY_DELETE(_ZdlPvmSt11align_val_t, (void* block, size_t size, size_t alignment), (block, size, alignment))
REFTALLY_DELETE(_ZdaPvmSt11align_val_t, (void* block, size_t size, size_t alignment), (block, size, alignment))
REFTALLY_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void* block, size_t alignment, const void* tag),
                (block, alignment, tag))
REFTALLY_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void* block, size_t alignment, const void* tag),
                (block, alignment, tag))
