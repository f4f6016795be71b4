// reftally._agent: the extension module behind the `reftally` package, in the agent's own shared library.
#include "runtime/python/agent.h"
#include "runtime/python/births.h"
#include "runtime/python/memory.h"
#include "runtime/python/object.h"
#include "runtime/python/snapshot.h"

namespace reftally::python {
namespace {

Address expectation_list = 0;

Address raise(const char* text) noexcept {
  python.PyErr_SetString(pointer_at(python.runtime_error), text);
  return 0;
}

// dump(wait) -> path of the file, whole already when `wait` is true
Address dump(Address, Address wait) noexcept {
  const bool waits = python.PyObject_IsTrue(wait) == 1;
  const SnapshotResult result = take_snapshot(dump::SnapshotReason::kApi, waits);
  char path[runtime::kMaxDumpPath];
  if (result.sequence == 0 || !snapshot_path(result.sequence, path, sizeof path))
    return raise("no snapshot was taken: another one is under way, or the agent has said why on stderr");
  return python.PyUnicode_DecodeFSDefault(path);
}

// set_expectations(list): kept, and read by every later snapshot
Address keep_expectations(Address, Address list) noexcept {
  if (type_of(list) != python.types.list) return raise("set_expectations needs a list");
  ++*reinterpret_cast<int64_t*>(list);
  if (expectation_list != 0) python.Py_DecRef(expectation_list);
  expectation_list = list;
  set_expectations(list);
  return new_none();
}

// record_births(depth) -> whether allocations have a birth from now on
Address start_births(Address, Address depth) noexcept {
  const bool on = record_births(static_cast<uint32_t>(integer_value(depth)));
  const Address result = on ? python.true_value : python.false_value;
  python.Py_IncRef(result);
  return result;
}

// record_native_frames(None) -> whether births have the frames of extensions too, from now on
Address start_native_frames(Address, Address) noexcept {
  const Address result = record_native_frames() ? python.true_value : python.false_value;
  python.Py_IncRef(result);
  return result;
}

MethodDefinition methods[] = {{"record_native_frames", start_native_frames, kOneArgument, nullptr},
                              {"record_births", start_births, kOneArgument, nullptr},
                              {"dump", dump, kOneArgument, nullptr},
                              {"set_expectations", keep_expectations, kOneArgument, nullptr},
                              {nullptr, nullptr, 0, nullptr}};
ModuleDefinition definition = {.name = "_agent", .doc = nullptr, .methods = methods};

}  // namespace
}  // namespace reftally::python

extern "C" [[gnu::visibility("default")]] uint64_t PyInit__agent() {
  using namespace reftally::python;
  constexpr int kApiVersion = 1013;
  if (!start_agent()) {
    // Without the API there is no way to raise either; the import machinery says that nothing was set.
    if (python.PyErr_SetString == nullptr || python.runtime_error == 0) return 0;
    return raise("this interpreter is not supported by the agent; it has said why on stderr");
  }
  return python.PyModule_Create2(&definition, kApiVersion);
}
