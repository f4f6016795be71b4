// operator new and delete.
//
// Where they are the C++ library's own, they are malloc and free with a loop around, and nobody can tell if we go
// straight to malloc: the birth stack then begins at the `new`, and each block is recorded once. Where anybody has
// brought operators or a malloc of their own, theirs are called, and a block that did not come through our malloc is
// recorded here. No function here has cleanups: a std::bad_alloc passes through untouched.
#include <dlfcn.h>

#include <atomic>
#include <cstddef>

#include "runtime/core/reentry_guard.h"
#include "runtime/preload/blocks.h"
#include "runtime/preload/symbols.h"

using namespace reftally::runtime;

namespace {

constexpr const char* kOperators[] = {
#define REFTALLY_OPERATOR(symbol) #symbol,
#include "runtime/preload/hooked_operators.h"
#undef REFTALLY_OPERATOR
};

// The operator after us: in the global scope, or else (a C++ extension that a C program has opened for itself) among
// what the calling library is linked with, which then stays loaded.
void* find_operator(const char* symbol, const void* caller) noexcept {
  if (void* found = dlsym(RTLD_NEXT, symbol)) return found;
  Dl_info info{};
  if (dladdr(caller, &info) == 0) return nullptr;
  void* library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  void* found = library != nullptr ? dlsym(library, symbol) : nullptr;
  if (library != nullptr) real().dlclose(library);
  if (found == nullptr || dladdr(found, &info) == 0) return nullptr;
  dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  return found;
}

bool is_of_cxx_library(const void* address) noexcept {
  Dl_info info{};
  if (address == nullptr || dladdr(address, &info) == 0) return false;
  return strstr(info.dli_fname, "/libstdc++.so") != nullptr || strstr(info.dli_fname, "/libc++.so") != nullptr ||
         strstr(info.dli_fname, "/libc++abi.so") != nullptr;
}

bool find_out(const void* caller) noexcept {
  ReentryGuard guard;
  for (const char* symbol : {"malloc", "free", "aligned_alloc"})
    if (other_definition(symbol) != nullptr) return false;
  for (const char* symbol : kOperators)
    if (other_definition(symbol) != nullptr || !is_of_cxx_library(find_operator(symbol, caller))) return false;
  return true;
}

// Whether the operators are malloc and free; decided once, at the first use.
bool is_plain_malloc(const void* caller) noexcept {
  enum : uint8_t { kUnknown, kNo, kYes };
  static std::atomic<uint8_t> answer{kUnknown};
  uint8_t now = answer.load(std::memory_order_relaxed);
  if (now == kUnknown) [[unlikely]] {
    now = find_out(caller) ? kYes : kNo;
    answer.store(now, std::memory_order_relaxed);
  }
  return now == kYes;
}

template <class Function>
Function* next(std::atomic<Function*>& cached, const char* symbol, const void* caller) noexcept {
  Function* found = cached.load(std::memory_order_relaxed);
  if (found == nullptr) {
    ReentryGuard guard;
    found = reinterpret_cast<Function*>(find_operator(symbol, caller));
    cached.store(found, std::memory_order_relaxed);
  }
  return found;
}

void on_own_block(void* block, size_t size, const Registers& caller) noexcept {
  if (block == nullptr || !recording() || recorder.live.contains(reinterpret_cast<uint64_t>(block))) return;
  record_block(block, size, caller);
}

void* plain_new(size_t size) noexcept { return real().malloc(size != 0 ? size : 1); }

void* plain_aligned_new(size_t size, size_t alignment) noexcept {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) return nullptr;
  if (alignment < sizeof(void*)) alignment = sizeof(void*);
  const size_t rounded = ((size != 0 ? size : 1) + alignment - 1) & ~(alignment - 1);
  return rounded >= size ? real().aligned_alloc(alignment, rounded) : nullptr;
}

}  // namespace

// The mangled names are used as they are: declaring them as operators would ask for libstdc++'s headers and types.
// When memory is short, the library's operator is asked: it knows the new handler, and throws.
#define REFTALLY_NEW(symbol, parameters, arguments, plain)                           \
  extern "C" [[gnu::visibility("default"), gnu::noinline]] void* symbol parameters { \
    const Registers caller = caller_registers();                                     \
    const auto* const caller_pc = reinterpret_cast<const void*>(caller.pc);          \
    if (is_plain_malloc(caller_pc)) {                                                \
      if (void* block = plain) {                                                     \
        on_new_block(block, size, caller);                                           \
        return block;                                                                \
      }                                                                              \
    }                                                                                \
    using Function = void* parameters;                                               \
    static std::atomic<Function*> function{nullptr};                                 \
    Function* const own = next(function, #symbol, caller_pc);                        \
    if (own == nullptr) return plain;                                                \
    void* block = own arguments;                                                     \
    on_own_block(block, size, caller);                                               \
    return block;                                                                    \
  }
#define REFTALLY_DELETE(symbol, parameters, arguments)                                               \
  extern "C" [[gnu::visibility("default"), gnu::noinline]] void symbol parameters {                  \
    if (is_bootstrap(block)) return;                                                                 \
    if (block != nullptr && recording()) forget_block(block);                                        \
    using Function = void parameters;                                                                \
    static std::atomic<Function*> function{nullptr};                                                 \
    const auto* const caller_pc = __builtin_return_address(0);                                       \
    Function* const own = is_plain_malloc(caller_pc) ? nullptr : next(function, #symbol, caller_pc); \
    if (own == nullptr) return real().free(block);                                                   \
    own arguments;                                                                                   \
  }

REFTALLY_NEW(_Znwm, (size_t size), (size), plain_new(size))
REFTALLY_NEW(_Znam, (size_t size), (size), plain_new(size))
REFTALLY_NEW(_ZnwmRKSt9nothrow_t, (size_t size, const void* tag), (size, tag), plain_new(size))
REFTALLY_NEW(_ZnamRKSt9nothrow_t, (size_t size, const void* tag), (size, tag), plain_new(size))
REFTALLY_NEW(_ZnwmSt11align_val_t, (size_t size, size_t alignment), (size, alignment),
             plain_aligned_new(size, alignment))
REFTALLY_NEW(_ZnamSt11align_val_t, (size_t size, size_t alignment), (size, alignment),
             plain_aligned_new(size, alignment))
REFTALLY_NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void* tag),
             (size, alignment, tag), plain_aligned_new(size, alignment))
REFTALLY_NEW(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void* tag),
             (size, alignment, tag), plain_aligned_new(size, alignment))
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
