// The life of the Python agent in a process: preloaded (or imported), it waits for the interpreter to run its first
// code, then registers a snapshot to be taken at exit. In a process without CPython it does nothing.
#include "runtime/python/agent.h"

#include <dlfcn.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/core/options.h"
#include "runtime/core/system.h"
#include "runtime/python/births.h"
#include "runtime/python/interpreter.h"
#include "runtime/python/pauses.h"
#include "runtime/python/snapshot.h"

namespace reftally::python {
namespace {

runtime::Options options;
bool started = false;
bool exit_snapshot_taken = false;

Address on_exit_callback(Address, Address) noexcept {
  snapshot_at_exit();
  return new_none();
}

Address on_fork_callback(Address, Address) noexcept {
  exit_snapshot_taken = false;
  prepare_snapshots(options);
  return new_none();
}

MethodDefinition fork_callback = {"reftally_follow", on_fork_callback, kNoArguments, nullptr};
MethodDefinition exit_callback = {"reftally_snapshot", on_exit_callback, kNoArguments, nullptr};

// Callbacks run in reverse order: being first, ours runs last, while all modules are still there.
bool register_exit_callback() noexcept {
  const Address module = python.PyImport_ImportModule("atexit");
  const Address enroll = module != 0 ? python.PyObject_GetAttrString(module, "register") : 0;
  const Address callback = enroll != 0 ? python.PyCFunction_NewEx(&exit_callback, 0, 0) : 0;
  const Address result = callback != 0 ? python.PyObject_CallFunctionObjArgs(enroll, callback, Address{0}) : 0;
  for (Address object : {module, enroll, callback, result})
    if (object != 0) python.Py_DecRef(object);
  if (result == 0) python.PyErr_Clear();
  return result != 0;
}

// os.register_at_fork(after_in_child=…): unlike pthread_atfork it is not called in the short life between fork and
// exec of a subprocess, which is no process of the program's own.
bool register_fork_callback() noexcept {
  const Address module = python.PyImport_ImportModule("os");
  const Address enroll = module != 0 ? python.PyObject_GetAttrString(module, "register_at_fork") : 0;
  const Address callback = enroll != 0 ? python.PyCFunction_NewEx(&fork_callback, 0, 0) : 0;
  const Address arguments = python.PyTuple_New(0), keywords = python.PyDict_New();
  Address result = 0;
  if (callback != 0 && arguments != 0 && keywords != 0 &&
      python.PyDict_SetItemString(keywords, "after_in_child", callback) == 0)
    result = python.PyObject_Call(enroll, arguments, keywords);
  for (Address object : {module, enroll, callback, arguments, keywords, result})
    if (object != 0) python.Py_DecRef(object);
  if (result == 0) python.PyErr_Clear();
  return result != 0;
}

// ---- a signal that ends the program after a snapshot

Address on_ending_signal(Address, Address) noexcept {
  if (is_this_process()) take_snapshot(dump::SnapshotReason::kSignal, true);
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  sigaction(options.signal, &standard, nullptr);
  raise(options.signal);
  return new_none();
}

MethodDefinition signal_callback = {"reftally_end", on_ending_signal, kVariableArguments, nullptr};

// A handler of Python's kind also runs in calls that wait: the signal wakes them, and they ask what it was.
void register_signal_callback() noexcept {
  struct sigaction current{};
  if (options.signal == SIGINT) return;  // a KeyboardInterrupt: the program ends by itself, with a snapshot at its exit
  if (!runtime::ends_programs(options.signal) || sigaction(options.signal, nullptr, &current) != 0) return;
  if (current.sa_handler == SIG_IGN) return;
  const Address module = python.PyImport_ImportModule("_signal");
  const Address set = module != 0 ? python.PyObject_GetAttrString(module, "signal") : 0;
  const Address number = set != 0 ? python.PyLong_FromUnsignedLongLong(static_cast<uint64_t>(options.signal)) : 0;
  const Address callback = number != 0 ? python.PyCFunction_NewEx(&signal_callback, 0, 0) : 0;
  const Address result = callback != 0 ? python.PyObject_CallFunctionObjArgs(set, number, callback, Address{0}) : 0;
  for (Address object : {module, set, number, callback, result})
    if (object != 0) python.Py_DecRef(object);
  if (result == 0) python.PyErr_Clear();
}

// ---- the audit hook, the interpreter's first sign of life

struct AuditHook {  // _Py_AuditHookEntry
  AuditHook* next;
  int (*hook)(const char*, Address, void*);
  void* data;
};
AuditHook** first_hook = nullptr;  // where the interpreter has the list; nullptr: not found
AuditHook our_hook;                // in place of the interpreter's record of it, so that the program's heap has none

int on_audit_event(const char* event, Address, void*) noexcept;

// A hook is told before the interpreter has chosen its allocators, and freed by those it has at its end: with `-X dev`
// or PYTHONMALLOC=debug that ends the program by a fatal error. So ours is out of the list as soon as it has served.
void leave_audit_hooks() noexcept {
  if (first_hook == nullptr) return;
  for (AuditHook** at = first_hook; *at != nullptr; at = &(*at)->next) {
    if ((*at)->hook != on_audit_event) continue;
    *at = (*at)->next;  // whoever walks the list now is past it, or goes on from it
    break;
  }
  first_hook = nullptr;
}

// The first code to run is the first moment with a whole interpreter, the GIL, and the main thread.
int on_audit_event(const char* event, Address, void*) noexcept {
  const bool runs = strncmp(event, "cpython.run_", 12) == 0;
  if (!started && runs) start_agent();
  if (runs || strcmp(event, "cpython._PySys_ClearAuditHooks") == 0) leave_audit_hooks();
  return 0;
}

using AddHook = int (*)(int (*)(const char*, Address, void*), void*);

// At once, by the allocator that it came from.
void replace_hook(AuditHook** list) noexcept {
  const auto give_back = reinterpret_cast<void (*)(void*)>(dlsym(RTLD_DEFAULT, "PyMem_RawFree"));
  if (give_back == nullptr) return;
  AuditHook* theirs = *list;
  our_hook = *theirs;
  *list = &our_hook;
  give_back(theirs);
  first_hook = list;
}

// On the way it finds the list: the word of the interpreter's runtime that leads to our hook, and did not before.
void add_audit_hook(AddHook add) noexcept {
  void* state = dlsym(RTLD_DEFAULT, "_PyRuntime");
  Dl_info where;
  ElfW(Sym)* symbol = nullptr;
  const bool found = state != nullptr &&
                     dladdr1(state, &where, reinterpret_cast<void**>(&symbol), RTLD_DL_SYMENT) != 0 &&
                     symbol != nullptr;
  const size_t size = found ? symbol->st_size & ~size_t{7} : 0;
  auto* before = size != 0 ? static_cast<AuditHook**>(runtime::map_memory(size)) : nullptr;
  if (before != nullptr) memcpy(before, state, size);
  add(on_audit_event, nullptr);
  if (before == nullptr) return;
  auto* now = static_cast<AuditHook**>(state);
  for (size_t i = 0; i < size / sizeof *now && first_hook == nullptr; i++)
    if (now[i] != before[i] && now[i] != nullptr && reinterpret_cast<uint64_t>(now[i]) % alignof(AuditHook) == 0 &&
        now[i]->hook == on_audit_event)
      replace_hook(&now[i]);
  runtime::unmap_memory(before);
}

[[gnu::constructor]] void on_load() {
  runtime::remember_stderr();
  runtime::read_options(options);
  if (options.off || !is_python_process()) return;
  const auto add_hook =
      reinterpret_cast<int (*)(int (*)(const char*, Address, void*), void*)>(dlsym(RTLD_DEFAULT, "PySys_AddAuditHook"));
  const auto is_initialized = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "Py_IsInitialized"));
  if (is_initialized != nullptr && is_initialized() == 0) add_audit_hook(add_hook);
}

}  // namespace

Address new_none() noexcept {
  // Counting up needs no call: None is a static object, and on 3.12 an immortal one.
  if (!python.at_least(12)) ++*reinterpret_cast<int64_t*>(python.none);
  return python.none;
}

bool start_agent() noexcept {
  if (started) return python.layout != nullptr;
  started = true;
  if (options.off || !load_interpreter() || !check_collector() || !choose_interpreter()) {
    python.layout = nullptr;
    return false;
  }
  prepare_snapshots(options);
  if (const char* depth = getenv("REFTALLY_PYTHON_STACKS"); depth != nullptr && options.stack_sampling != 0)
    if (record_births(static_cast<uint32_t>(runtime::parse_decimal(depth))) &&
        getenv("REFTALLY_PYTHON_NATIVE_FRAMES") != nullptr)
      record_native_frames();
  if (options.at_exit && !register_exit_callback()) runtime::say("no snapshot at exit: atexit cannot be used");
  register_fork_callback();
  register_signal_callback();
  watch_collector();
  return true;
}

void exit_snapshot_is_taken() noexcept { exit_snapshot_taken = true; }

void snapshot_at_exit() noexcept {
  if (exit_snapshot_taken || python.layout == nullptr || !options.at_exit || !is_this_process()) return;
  exit_snapshot_taken = true;
  take_snapshot(dump::SnapshotReason::kExitCalled, true);
}

}  // namespace reftally::python

using namespace reftally::python;

// multiprocessing children and os.fork users leave by os._exit: no atexit callback runs then.
#define REFTALLY_EXIT_HOOK(name)                                              \
  extern "C" [[gnu::visibility("default"), noreturn]] void name(int status) { \
    if (python.layout != nullptr && has_gil()) snapshot_at_exit();            \
    reinterpret_cast<void (*)(int)>(dlsym(RTLD_NEXT, #name))(status);         \
    __builtin_unreachable();                                                  \
  }
REFTALLY_EXIT_HOOK(_exit)
REFTALLY_EXIT_HOOK(_Exit)
