#include "runtime/python/pauses.h"

#include "runtime/core/system.h"
#include "runtime/python/agent.h"
#include "runtime/python/interpreter.h"
#include "runtime/python/object.h"

namespace reftally::python {
namespace {

constexpr uint32_t kGenerations = 3;
dump::CollectorPauses pauses[kGenerations];
uint64_t begin_ns = 0;

// callback(phase, info): phase is "start" or "stop", info["generation"] which one.
Address on_collection(Address, Address arguments) noexcept {
  const uint64_t now = runtime::monotonic_ns();
  constexpr uint64_t kStartLength = 5, kStrLength = 16;
  if (read<uint64_t>(pointer_at(arguments + kTupleItems) + kStrLength) == kStartLength) {
    begin_ns = now;
    return new_none();
  }
  const Address generation = python.PyDict_GetItemString(pointer_at(arguments + kTupleItems + 8), "generation");
  const uint64_t row = generation != 0 ? integer_value(generation) : kGenerations;
  if (begin_ns != 0 && row < kGenerations) {
    const uint64_t taken = now - begin_ns;
    pauses[row].collections++;
    pauses[row].nanoseconds += taken;
    if (taken > pauses[row].longest_nanoseconds) pauses[row].longest_nanoseconds = taken;
  }
  begin_ns = 0;
  return new_none();
}

MethodDefinition callback = {"reftally_pause", on_collection, kVariableArguments, nullptr};

}  // namespace

bool watch_collector() noexcept {
  const Address module = python.PyImport_ImportModule("gc");
  const Address list = module != 0 ? python.PyObject_GetAttrString(module, "callbacks") : 0;
  const Address function = list != 0 ? python.PyCFunction_NewEx(&callback, 0, 0) : 0;
  const bool ok = function != 0 && python.PyList_Append(list, function) == 0;
  for (Address object : {module, list, function})
    if (object != 0) python.Py_DecRef(object);
  if (!ok) python.PyErr_Clear();
  return ok;
}

void write_pauses(dump::Writer& writer) noexcept {
  writer.begin(dump::kTagCollectorPauses, sizeof(dump::CollectorPauses));
  for (const dump::CollectorPauses& generation : pauses) writer.add(generation);
  writer.end();
}

}  // namespace reftally::python
