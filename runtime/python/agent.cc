// The life of the Python agent in a process: preloaded (or imported), it waits for the interpreter to run its first
// code, then registers a snapshot to be taken at exit. In a process without CPython it does nothing.
#include "runtime/python/agent.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/core/options.h"
#include "runtime/core/system.h"
#include "runtime/python/interpreter.h"
#include "runtime/python/snapshot.h"

namespace reftally::python {
namespace {

runtime::Options options;
bool started = false;
bool exit_snapshot_taken = false;

// ---- PyMethodDef, as the stable ABI has it
struct MethodDefinition {
  const char* name;
  Address (*function)(Address self, Address arguments);
  int flags;
  const char* doc;
};
constexpr int kNoArguments = 4;

Address new_none() noexcept {
  // Counting up needs no call: None is a static object, and on 3.12 an immortal one.
  if (!python.at_least(12)) ++*reinterpret_cast<int64_t*>(python.none);
  return python.none;
}

Address on_exit_callback(Address, Address) noexcept {
  snapshot_at_exit();
  return new_none();
}

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

void start() noexcept {
  if (started) return;
  started = true;
  if (!load_interpreter() || !check_collector()) return;
  prepare_snapshots(options);
  if (options.at_exit && !register_exit_callback()) runtime::say("no snapshot at exit: atexit cannot be used");
}

// The first code to run is the first moment with a whole interpreter, the GIL, and the main thread.
int on_audit_event(const char* event, Address, void*) noexcept {
  if (!started && strncmp(event, "cpython.run_", 12) == 0) start();
  return 0;
}

void after_fork_in_child() noexcept {
  exit_snapshot_taken = false;
  if (python.layout != nullptr) prepare_snapshots(options);
}

[[gnu::constructor]] void on_load() {
  runtime::read_options(options);
  if (options.off || !is_python_process()) return;
  const auto add_hook =
      reinterpret_cast<int (*)(int (*)(const char*, Address, void*), void*)>(dlsym(RTLD_DEFAULT, "PySys_AddAuditHook"));
  const auto is_initialized = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "Py_IsInitialized"));
  pthread_atfork(nullptr, nullptr, after_fork_in_child);
  if (is_initialized != nullptr && is_initialized() == 0)
    add_hook([](const char* event, Address arguments, void* data) { return on_audit_event(event, arguments, data); },
             nullptr);
}

}  // namespace

void snapshot_at_exit() noexcept {
  if (exit_snapshot_taken || python.layout == nullptr || !options.at_exit) return;
  exit_snapshot_taken = true;
  take_snapshot(dump::SnapshotReason::kExitCalled, true);
}

}  // namespace reftally::python

using namespace reftally::python;

// multiprocessing children and os.fork users leave by os._exit: no atexit callback runs then.
#define REFTALLY_EXIT_HOOK(name)                                                        \
  extern "C" [[gnu::visibility("default"), noreturn]] void name(int status) {           \
    if (python.layout != nullptr && python.PyGILState_Check() != 0) snapshot_at_exit(); \
    reinterpret_cast<void (*)(int)>(dlsym(RTLD_NEXT, #name))(status);                   \
    __builtin_unreachable();                                                            \
  }
REFTALLY_EXIT_HOOK(_exit)
REFTALLY_EXIT_HOOK(_Exit)
