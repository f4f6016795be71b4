// The life of the Python agent in a process: preloaded (or imported), it waits for the interpreter to run its first
// code, then registers a snapshot to be taken at exit. In a process without CPython it does nothing.
#include "runtime/python/agent.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
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

// The first code to run is the first moment with a whole interpreter, the GIL, and the main thread.
int on_audit_event(const char* event, Address, void*) noexcept {
  if (!started && strncmp(event, "cpython.run_", 12) == 0) start_agent();
  return 0;
}

[[gnu::constructor]] void on_load() {
  runtime::remember_stderr();
  runtime::read_options(options);
  if (options.off || !is_python_process()) return;
  const auto add_hook =
      reinterpret_cast<int (*)(int (*)(const char*, Address, void*), void*)>(dlsym(RTLD_DEFAULT, "PySys_AddAuditHook"));
  const auto is_initialized = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "Py_IsInitialized"));
  if (is_initialized != nullptr && is_initialized() == 0)
    add_hook([](const char* event, Address arguments, void* data) { return on_audit_event(event, arguments, data); },
             nullptr);
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
  if (options.off || !load_interpreter() || !check_collector()) {
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
#define REFTALLY_EXIT_HOOK(name)                                                        \
  extern "C" [[gnu::visibility("default"), noreturn]] void name(int status) {           \
    if (python.layout != nullptr && python.PyGILState_Check() != 0) snapshot_at_exit(); \
    reinterpret_cast<void (*)(int)>(dlsym(RTLD_NEXT, #name))(status);                   \
    __builtin_unreachable();                                                            \
  }
REFTALLY_EXIT_HOOK(_exit)
REFTALLY_EXIT_HOOK(_Exit)
