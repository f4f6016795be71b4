#include "runtime/python/interpreter.h"

#include <dlfcn.h>

#include "runtime/core/system.h"

namespace reftally::python {

Interpreter python;

namespace {

template <class T>
bool resolve(T& target, const char* name) noexcept {
  target = reinterpret_cast<T>(dlsym(RTLD_DEFAULT, name));
  return target != T{};
}

bool resolve_api() noexcept {
  bool all = true;
#define API(result, name, parameters) all = resolve(python.name, #name) && all;
  REFTALLY_PYTHON_API(API)
#undef API
#define API(result, name, parameters) resolve(python.name, #name);
  REFTALLY_PYTHON_OPTIONAL_API(API)
#undef API
#define TYPE(name, symbol) all = resolve(python.types.name, #symbol) && all;
  REFTALLY_PYTHON_TYPES(TYPE)
#undef TYPE
  all = resolve(python.runtime_error, "PyExc_RuntimeError") && all;
  all = resolve(python.none, "_Py_NoneStruct") && all;
  all = resolve(python.true_value, "_Py_TrueStruct") && all;
  python.current_thread = python.PyThreadState_GetUnchecked;  // its name since 3.13
  if (python.current_thread == nullptr) python.current_thread = python._PyThreadState_UncheckedGet;
  return resolve(python.false_value, "_Py_FalseStruct") && python.current_thread != nullptr && all;
}

int minor_version(const char* version) noexcept {
  if (strncmp(version, "3.", 2) != 0) return -1;
  const char* digits = version + 2;
  return static_cast<int>(runtime::parse_decimal(digits));
}

bool refuse(const char* why) noexcept {
  char text[256];
  runtime::Text(text, sizeof text).add("CPython ").add(python.version).add(": ").add(why).add("; no Python snapshots");
  runtime::say(text);
  return false;
}

// The interpreter itself says how big its structs are.
bool sizes_agree() noexcept {
  const Layout& layout = *python.layout;
  const auto& types = python.types;
  struct {
    Address type;
    int32_t expected;
  } rows[] = {{types.type, layout.heap_type_size},
              {types.dict, layout.dict_size},
              {types.function, layout.function_size},
              {types.generator, layout.generator_size}};
  for (const auto& row : rows)
    if (read<int64_t>(row.type + kTypeBasicSize) != row.expected) return false;
  return true;
}

}  // namespace

bool is_python_process() noexcept {
  return dlsym(RTLD_DEFAULT, "Py_GetVersion") != nullptr && dlsym(RTLD_DEFAULT, "PySys_AddAuditHook") != nullptr;
}

bool load_interpreter() noexcept {
  if (python.layout != nullptr) return true;
  if (!resolve(python.Py_GetVersion, "Py_GetVersion")) return false;
  const char* version = python.Py_GetVersion();
  size_t length = strcspn(version, " ");
  runtime::Text(python.version, sizeof python.version).add(version, length);
  python.minor = minor_version(version);
  if (strstr(version, "free-threading") != nullptr) return refuse("a free-threaded build is not supported");
  if (!resolve_api()) return refuse("the C API is not complete");
  python.layout = find_layout(python.minor);
  if (python.layout == nullptr) return refuse("not one of 3.9 to 3.13");
  if (!sizes_agree()) {
    python.layout = nullptr;
    return refuse("a build with structs of unknown size");
  }
  return true;
}

// A new list is in the youngest generation: following its collector links must come to that generation's head.
bool check_collector() noexcept {
  const Address state = python.PyInterpreterState_Get();
  const Address list = python.PyList_New(0);
  if (list == 0) {
    python.PyErr_Clear();
    return false;
  }
  constexpr int kManyObjects = 1'000'000;
  const Address first = state + static_cast<uint64_t>(python.layout->gc_generations);
  bool found = false;
  Address node = list - kCollectorHeader;
  for (int i = 0; i < kManyObjects && node != 0 && !found; i++) {
    node = pointer_at(node);
    const bool inside = node >= state && node < state + static_cast<uint64_t>(python.layout->interpreter_size);
    if (inside && node != first && node != first + 24 && node != first + 48) break;
    found = inside;
  }
  python.Py_DecRef(list);
  return found || refuse("the collector's lists are not where this version has them");
}

bool choose_interpreter() noexcept {
  if (python.at_least(12)) python.recorded = python.PyInterpreterState_Get();
  return is_recorded_thread() || refuse("a thread's interpreter is not where this version has it");
}

}  // namespace reftally::python
