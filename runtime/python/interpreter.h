// The CPython in this process, found by dlsym: its C API, its types, its layout row. No Python.h: one agent serves
// every supported version.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "runtime/python/layout.h"

namespace reftally::python {

using Address = uint64_t;  // of an object or anything else in the interpreter; 0 none

template <class T>
T read(Address address) noexcept {
  T value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}
inline Address pointer_at(Address address) noexcept { return read<Address>(address); }

// REFTALLY_API(result, name, parameters): without these there is no agent.
#define REFTALLY_PYTHON_API(API)                                              \
  API(int, Py_IsInitialized, ())                                              \
  API(const char*, Py_GetVersion, ())                                         \
  API(Address, PyInterpreterState_Get, ())                                    \
  API(Address, PyInterpreterState_Head, ())                                   \
  API(Address, PyInterpreterState_Next, (Address))                            \
  API(Address, PyInterpreterState_ThreadHead, (Address))                      \
  API(Address, PyThreadState_Next, (Address))                                 \
  API(int, PyGILState_Check, ())                                              \
  API(int, PySys_AddAuditHook, (int (*)(const char*, Address, void*), void*)) \
  API(int, Py_AddPendingCall, (int (*)(void*), void*))                        \
  API(Address, PyList_New, (int64_t))                                         \
  API(int, PyList_Append, (Address, Address))                                 \
  API(Address, PyDict_GetItemString, (Address, const char*))                  \
  API(void, Py_IncRef, (Address))                                             \
  API(void, Py_DecRef, (Address))                                             \
  API(void, PyMem_GetAllocator, (int, void*))                                 \
  API(void, PyMem_SetAllocator, (int, void*))                                 \
  API(int, PyCode_Addr2Line, (Address, int))                                  \
  API(int64_t, PyLong_AsLongLong, (Address))                                  \
  API(void, PyErr_Clear, ())                                                  \
  API(Address, PyErr_Occurred, ())                                            \
  API(void, PyErr_Fetch, (Address*, Address*, Address*))                      \
  API(void, PyErr_Restore, (Address, Address, Address))                       \
  API(Address, PyImport_ImportModule, (const char*))                          \
  API(Address, PyObject_GetAttrString, (Address, const char*))                \
  API(Address, PyObject_CallFunctionObjArgs, (Address, ...))                  \
  API(Address, PyObject_Call, (Address, Address, Address))                    \
  API(Address, PyTuple_New, (int64_t))                                        \
  API(Address, PyDict_New, ())                                                \
  API(int, PyDict_SetItemString, (Address, const char*, Address))             \
  API(Address, PyEval_SaveThread, ())                                         \
  API(void, PyEval_RestoreThread, (Address))                                  \
  API(Address, PyModule_Create2, (void*, int))                                \
  API(Address, PyUnicode_DecodeFSDefault, (const char*))                      \
  API(Address, PyLong_FromUnsignedLongLong, (uint64_t))                       \
  API(int, PyObject_IsTrue, (Address))                                        \
  API(void, PyErr_SetString, (Address, const char*))                          \
  API(Address, PyCFunction_NewEx, (void*, Address, Address))

// Version by version: nullptr where the interpreter has none.
#define REFTALLY_PYTHON_OPTIONAL_API(API)       \
  API(Address, PyType_GetDict, (Address))       \
  API(Address, _PyThreadState_UncheckedGet, ()) \
  API(Address, PyThreadState_GetUnchecked, ())  \
  API(Address, PyThreadState_Swap, (Address))

#define REFTALLY_PYTHON_TYPES(TYPE)                                                                                \
  TYPE(type, PyType_Type)                                                                                          \
  TYPE(object, PyBaseObject_Type)                                                                                  \
  TYPE(dict, PyDict_Type)                                                                                          \
  TYPE(list, PyList_Type)                                                                                          \
  TYPE(tuple, PyTuple_Type)                                                                                        \
  TYPE(set, PySet_Type)                                                                                            \
  TYPE(frozenset, PyFrozenSet_Type)                                                                                \
  TYPE(str, PyUnicode_Type)                                                                                        \
  TYPE(integer, PyLong_Type)                                                                                       \
  TYPE(floating, PyFloat_Type)                                                                                     \
  TYPE(bytes, PyBytes_Type)                                                                                        \
  TYPE(boolean, PyBool_Type)                                                                                       \
  TYPE(complex_number, PyComplex_Type)                                                                             \
  TYPE(bytearray, PyByteArray_Type)                                                                                \
  TYPE(function, PyFunction_Type)                                                                                  \
  TYPE(code, PyCode_Type) TYPE(module, PyModule_Type) TYPE(cell, PyCell_Type) TYPE(frame, PyFrame_Type)            \
      TYPE(generator, PyGen_Type) TYPE(coroutine, PyCoro_Type) TYPE(async_generator, PyAsyncGen_Type)              \
          TYPE(method, PyMethod_Type) TYPE(builtin, PyCFunction_Type) TYPE(traceback, PyTraceBack_Type)            \
              TYPE(range, PyRange_Type) TYPE(slice, PySlice_Type) TYPE(method_descriptor, PyMethodDescr_Type)      \
                  TYPE(wrapper_descriptor, PyWrapperDescr_Type) TYPE(member_descriptor, PyMemberDescr_Type)        \
                      TYPE(getset_descriptor, PyGetSetDescr_Type)                                                  \
                          TYPE(class_method_descriptor, PyClassMethodDescr_Type) TYPE(weakref, _PyWeakref_RefType) \
                              TYPE(proxy, _PyWeakref_ProxyType) TYPE(callable_proxy, _PyWeakref_CallableProxyType) \
                                  TYPE(static_method, PyStaticMethod_Type) TYPE(class_method, PyClassMethod_Type)  \
                                      TYPE(property, PyProperty_Type) TYPE(module_definition, PyModuleDef_Type)

struct Interpreter {
  const Layout* layout = nullptr;
  int minor = 0;
  char version[64] = {};

#define API(result, name, parameters) result(*name) parameters = nullptr;
  REFTALLY_PYTHON_API(API)
  REFTALLY_PYTHON_OPTIONAL_API(API)
#undef API
  struct Types {
#define TYPE(name, symbol) Address name = 0;
    REFTALLY_PYTHON_TYPES(TYPE)
#undef TYPE
  } types;
  Address runtime_error = 0;  // PyExc_RuntimeError: a pointer to the type
  Address none = 0, true_value = 0, false_value = 0;
  Address (*current_thread)() = nullptr;  // its state; before 3.12 of the thread that has the GIL
  Address recorded = 0;                   // the one interpreter that is recorded; 0: all, for they share one GIL

  bool at_least(int wanted) const noexcept { return minor >= wanted; }
};

extern Interpreter python;

// From 3.12 on interpreters may have GILs of their own. A thread without a state has none at all.
inline bool is_of_other_interpreter(Address thread) noexcept {
  constexpr uint64_t kThreadInterpreter = 16;  // PyThreadState::interp, in all versions
  return python.recorded != 0 && (thread == 0 || pointer_at(thread + kThreadInterpreter) != python.recorded);
}
inline bool is_recorded_thread() noexcept { return !is_of_other_interpreter(python.current_thread()); }
// PyGILState_Check says yes to every thread once there was a second interpreter.
inline bool has_gil() noexcept { return python.PyGILState_Check() != 0 && is_recorded_thread(); }

// Every thread waits, for a lock or for the world outside: nobody is changing objects. From 3.12 on who has the GIL is
// told to its own thread alone.
inline bool gil_is_free() noexcept {
  return !python.at_least(12) && python.PyThreadState_Swap != nullptr && python.current_thread() == 0;
}

// True when this process has a CPython in it (libpython or the executable itself).
bool is_python_process() noexcept;
// Fills `python`. False, with one line on stderr, when the interpreter is not one the agent knows.
bool load_interpreter() noexcept;
// With the GIL: the same for the collector's lists, and whose interpreter this is.
bool check_collector() noexcept;
bool choose_interpreter() noexcept;

}  // namespace reftally::python
