// CPython's <Python.h>, and then every reference that the code takes or gives back told to Reftally's agent.
//
// On the command line as `-I .../overlay-python`, before the interpreter's own folder, this file is found first and
// includes that one unchanged. Three kinds of calls are told, each with the call stack of its place:
//   counts      Py_INCREF, Py_DECREF and what is made of them (Py_NewRef, Py_CLEAR, Py_SETREF …)
//   new         functions of the C API that return a new reference
//   stolen      PyList_SetItem and its like: the reference belongs to somebody that memory shows
// References that a function returns to the interpreter or stores have no release here: what is open is where a
// lost reference may have been taken, and the analyzer asks it of lost references only.
//
// A reference is paired with its release by the function that took it: what a function takes and gives back is gone.
#pragma GCC system_header
#include_next <Python.h>
#ifndef REFTALLY_OVERLAY_PYTHON_H
#define REFTALLY_OVERLAY_PYTHON_H

#include <stdint.h>

#include "reftally.h"

#ifdef __cplusplus
#define REFTALLY_PYTHON_HERE __builtin_FUNCTION()
#else
#define REFTALLY_PYTHON_HERE __func__
#endif
#define REFTALLY_PYTHON_INLINE static inline __attribute__((always_inline, unused))
#define REFTALLY_PYTHON_OBJECT(op) ((PyObject *)(op))

// Constants have no owner, and objects that nobody counts have no lost reference.
REFTALLY_PYTHON_INLINE int reftally_python_is_told(PyObject *object) {
  return object != NULL && object != Py_None && object != Py_True && object != Py_False &&
         (int32_t)Py_REFCNT(object) > 0;
}

// A function is no address of a pointer: the highest bit says so to the agent, as reftally.h tells.
REFTALLY_PYTHON_INLINE const void *reftally_python_holder(const char *function) {
  return (const void *)((uintptr_t)function << 1 | (uintptr_t)1 << 63);
}

REFTALLY_PYTHON_INLINE void reftally_python_acquire(PyObject *object, const char *function) {
  if (reftally_python_is_told(object)) reftally_acquire(object, reftally_python_holder(function));
}

REFTALLY_PYTHON_INLINE void reftally_python_release(PyObject *object, const char *function) {
  if (reftally_python_is_told(object))
    reftally_release(object, reftally_python_holder(function), Py_REFCNT(object) == 1);
}

REFTALLY_PYTHON_INLINE void reftally_python_incref(PyObject *object, const char *function) {
  Py_INCREF(object);
  reftally_python_acquire(object, function);
}

REFTALLY_PYTHON_INLINE void reftally_python_decref(PyObject *object, const char *function) {
  reftally_python_release(object, function);
  Py_DECREF(object);
}

REFTALLY_PYTHON_INLINE void reftally_python_xincref(PyObject *object, const char *function) {
  if (object != NULL) reftally_python_incref(object, function);
}

REFTALLY_PYTHON_INLINE void reftally_python_xdecref(PyObject *object, const char *function) {
  if (object != NULL) reftally_python_decref(object, function);
}

REFTALLY_PYTHON_INLINE PyObject *reftally_python_new_ref(PyObject *object, const char *function) {
  reftally_python_xincref(object, function);
  return object;
}

// An object that has one reference was made by the call: what was told of another at its address is of the past.
REFTALLY_PYTHON_INLINE PyObject *reftally_python_new(PyObject *object, const char *function) {
  if (reftally_python_is_told(object)) {
    if (Py_REFCNT(object) == 1)
      reftally_born(object, reftally_python_holder(function));
    else
      reftally_acquire(object, reftally_python_holder(function));
  }
  return object;
}

// PyModule_AddObject takes the reference when it succeeds.
REFTALLY_PYTHON_INLINE int reftally_python_add_object(PyObject *module, const char *name, PyObject *object,
                                                      const char *function) {
  const int told = reftally_python_is_told(object);
  const int status = PyModule_AddObject(module, name, object);
  if (told && status == 0) reftally_release(object, reftally_python_holder(function), 0);
  return status;
}

// The exception that a thread has, as three references that are handed over.
REFTALLY_PYTHON_INLINE void reftally_python_taken(PyObject **objects, const char *function) {
  for (int i = 0; i < 3; i++) reftally_python_acquire(objects[i], function);
}
REFTALLY_PYTHON_INLINE void reftally_python_given(PyObject **objects, const char *function) {
  for (int i = 0; i < 3; i++)
    if (reftally_python_is_told(objects[i])) reftally_release(objects[i], reftally_python_holder(function), 0);
}
REFTALLY_PYTHON_INLINE void reftally_python_fetch(PyObject **type, PyObject **value, PyObject **traceback,
                                                  const char *function) {
  PyErr_Fetch(type, value, traceback);
  PyObject *fetched[] = {*type, *value, *traceback};
  reftally_python_taken(fetched, function);
}
REFTALLY_PYTHON_INLINE void reftally_python_normalize(PyObject **type, PyObject **value, PyObject **traceback,
                                                      const char *function) {
  PyObject *before[] = {*type, *value, *traceback};
  reftally_python_given(before, function);
  PyErr_NormalizeException(type, value, traceback);
  PyObject *after[] = {*type, *value, *traceback};
  reftally_python_taken(after, function);
}
REFTALLY_PYTHON_INLINE void reftally_python_restore(PyObject *type, PyObject *value, PyObject *traceback,
                                                    const char *function) {
  PyObject *given[] = {type, value, traceback};
  reftally_python_given(given, function);
  PyErr_Restore(type, value, traceback);
}
#define PyErr_Fetch(type, value, traceback) reftally_python_fetch(type, value, traceback, REFTALLY_PYTHON_HERE)
#define PyErr_NormalizeException(type, value, traceback) \
  reftally_python_normalize(type, value, traceback, REFTALLY_PYTHON_HERE)
#define PyErr_Restore(type, value, traceback) \
  reftally_python_restore(REFTALLY_PYTHON_OBJECT(type), REFTALLY_PYTHON_OBJECT(value), \
                          REFTALLY_PYTHON_OBJECT(traceback), REFTALLY_PYTHON_HERE)

// A buffer has a reference to its object until it is released.
#if !defined(Py_LIMITED_API) || Py_LIMITED_API + 0 >= 0x030b0000
REFTALLY_PYTHON_INLINE int reftally_python_get_buffer(PyObject *object, Py_buffer *view, int flags,
                                                      const char *function) {
  const int status = PyObject_GetBuffer(object, view, flags);
  if (status == 0) reftally_python_acquire(view->obj, function);
  return status;
}
REFTALLY_PYTHON_INLINE void reftally_python_release_buffer(Py_buffer *view, const char *function) {
  if (view->obj != NULL) reftally_python_release(view->obj, function);
  PyBuffer_Release(view);
}
#define PyObject_GetBuffer(object, view, flags) \
  reftally_python_get_buffer(REFTALLY_PYTHON_OBJECT(object), view, flags, REFTALLY_PYTHON_HERE)
#define PyBuffer_Release(view) reftally_python_release_buffer(view, REFTALLY_PYTHON_HERE)
#endif

#undef Py_INCREF
#undef Py_DECREF
#undef Py_XINCREF
#undef Py_XDECREF
#undef Py_NewRef
#undef Py_XNewRef
#define Py_INCREF(op) reftally_python_incref(REFTALLY_PYTHON_OBJECT(op), REFTALLY_PYTHON_HERE)
#define Py_DECREF(op) reftally_python_decref(REFTALLY_PYTHON_OBJECT(op), REFTALLY_PYTHON_HERE)
#define Py_XINCREF(op) reftally_python_xincref(REFTALLY_PYTHON_OBJECT(op), REFTALLY_PYTHON_HERE)
#define Py_XDECREF(op) reftally_python_xdecref(REFTALLY_PYTHON_OBJECT(op), REFTALLY_PYTHON_HERE)
#define Py_NewRef(op) reftally_python_new_ref(REFTALLY_PYTHON_OBJECT(op), REFTALLY_PYTHON_HERE)
#define Py_XNewRef(op) reftally_python_new_ref(REFTALLY_PYTHON_OBJECT(op), REFTALLY_PYTHON_HERE)

// ---- what takes a reference away

#define REFTALLY_PYTHON_STOLEN(op) reftally_python_stolen(REFTALLY_PYTHON_OBJECT(op), REFTALLY_PYTHON_HERE)
REFTALLY_PYTHON_INLINE PyObject *reftally_python_stolen(PyObject *object, const char *function) {
  if (reftally_python_is_told(object)) reftally_release(object, reftally_python_holder(function), 0);
  return object;
}
REFTALLY_PYTHON_INLINE void reftally_python_set_list(PyObject *list, Py_ssize_t i, PyObject *item) {
#ifdef Py_LIMITED_API
  PyList_SetItem(list, i, item);
#else
  PyList_SET_ITEM(list, i, item);
#endif
}
REFTALLY_PYTHON_INLINE void reftally_python_set_tuple(PyObject *tuple, Py_ssize_t i, PyObject *item) {
#ifdef Py_LIMITED_API
  PyTuple_SetItem(tuple, i, item);
#else
  PyTuple_SET_ITEM(tuple, i, item);
#endif
}

#undef PyList_SET_ITEM
#undef PyTuple_SET_ITEM
#define PyList_SET_ITEM(list, i, item) \
  reftally_python_set_list(REFTALLY_PYTHON_OBJECT(list), i, REFTALLY_PYTHON_STOLEN(item))
#define PyTuple_SET_ITEM(tuple, i, item) \
  reftally_python_set_tuple(REFTALLY_PYTHON_OBJECT(tuple), i, REFTALLY_PYTHON_STOLEN(item))
#define PyList_SetItem(list, i, item) PyList_SetItem(list, i, REFTALLY_PYTHON_STOLEN(item))
#define PyTuple_SetItem(tuple, i, item) PyTuple_SetItem(tuple, i, REFTALLY_PYTHON_STOLEN(item))
#define PyStructSequence_SetItem(sequence, i, item) PyStructSequence_SetItem(sequence, i, REFTALLY_PYTHON_STOLEN(item))
#define PyErr_SetRaisedException(exception) PyErr_SetRaisedException(REFTALLY_PYTHON_STOLEN(exception))
#define PyException_SetCause(exception, cause) PyException_SetCause(exception, REFTALLY_PYTHON_STOLEN(cause))
#define PyException_SetContext(exception, context) PyException_SetContext(exception, REFTALLY_PYTHON_STOLEN(context))
#define PyModule_AddObject(module, name, object) \
  reftally_python_add_object(module, name, REFTALLY_PYTHON_OBJECT(object), REFTALLY_PYTHON_HERE)

// ---- what returns a new reference

#define REFTALLY_PYTHON_NEW(call) reftally_python_new(REFTALLY_PYTHON_OBJECT(call), REFTALLY_PYTHON_HERE)

#undef _PyObject_New
#undef _PyObject_NewVar
#undef _PyObject_GC_New
#undef _PyObject_GC_NewVar
#define _PyObject_New(...) REFTALLY_PYTHON_NEW(_PyObject_New(__VA_ARGS__))
#define _PyObject_NewVar(...) ((PyVarObject *)REFTALLY_PYTHON_NEW(_PyObject_NewVar(__VA_ARGS__)))
#define _PyObject_GC_New(...) REFTALLY_PYTHON_NEW(_PyObject_GC_New(__VA_ARGS__))
#define _PyObject_GC_NewVar(...) ((PyVarObject *)REFTALLY_PYTHON_NEW(_PyObject_GC_NewVar(__VA_ARGS__)))
#define PyBool_FromLong(...) REFTALLY_PYTHON_NEW(PyBool_FromLong(__VA_ARGS__))
#define PyByteArray_Concat(...) REFTALLY_PYTHON_NEW(PyByteArray_Concat(__VA_ARGS__))
#define PyByteArray_FromObject(...) REFTALLY_PYTHON_NEW(PyByteArray_FromObject(__VA_ARGS__))
#define PyByteArray_FromStringAndSize(...) REFTALLY_PYTHON_NEW(PyByteArray_FromStringAndSize(__VA_ARGS__))
#define PyBytes_FromFormat(...) REFTALLY_PYTHON_NEW(PyBytes_FromFormat(__VA_ARGS__))
#define PyBytes_FromFormatV(...) REFTALLY_PYTHON_NEW(PyBytes_FromFormatV(__VA_ARGS__))
#define PyBytes_FromObject(...) REFTALLY_PYTHON_NEW(PyBytes_FromObject(__VA_ARGS__))
#define PyBytes_FromString(...) REFTALLY_PYTHON_NEW(PyBytes_FromString(__VA_ARGS__))
#define PyBytes_FromStringAndSize(...) REFTALLY_PYTHON_NEW(PyBytes_FromStringAndSize(__VA_ARGS__))
#define PyCallIter_New(...) REFTALLY_PYTHON_NEW(PyCallIter_New(__VA_ARGS__))
#define PyCapsule_New(...) REFTALLY_PYTHON_NEW(PyCapsule_New(__VA_ARGS__))
#define PyCell_Get(...) REFTALLY_PYTHON_NEW(PyCell_Get(__VA_ARGS__))
#define PyCell_New(...) REFTALLY_PYTHON_NEW(PyCell_New(__VA_ARGS__))
#define PyComplex_FromCComplex(...) REFTALLY_PYTHON_NEW(PyComplex_FromCComplex(__VA_ARGS__))
#define PyComplex_FromDoubles(...) REFTALLY_PYTHON_NEW(PyComplex_FromDoubles(__VA_ARGS__))
#define PyContextVar_New(...) REFTALLY_PYTHON_NEW(PyContextVar_New(__VA_ARGS__))
#define PyContextVar_Set(...) REFTALLY_PYTHON_NEW(PyContextVar_Set(__VA_ARGS__))
#define PyContext_Copy(...) REFTALLY_PYTHON_NEW(PyContext_Copy(__VA_ARGS__))
#define PyContext_CopyCurrent(...) REFTALLY_PYTHON_NEW(PyContext_CopyCurrent(__VA_ARGS__))
#define PyContext_New(...) REFTALLY_PYTHON_NEW(PyContext_New(__VA_ARGS__))
#define PyDescr_NewClassMethod(...) REFTALLY_PYTHON_NEW(PyDescr_NewClassMethod(__VA_ARGS__))
#define PyDescr_NewGetSet(...) REFTALLY_PYTHON_NEW(PyDescr_NewGetSet(__VA_ARGS__))
#define PyDescr_NewMember(...) REFTALLY_PYTHON_NEW(PyDescr_NewMember(__VA_ARGS__))
#define PyDescr_NewMethod(...) REFTALLY_PYTHON_NEW(PyDescr_NewMethod(__VA_ARGS__))
#define PyDictProxy_New(...) REFTALLY_PYTHON_NEW(PyDictProxy_New(__VA_ARGS__))
#define PyDict_Copy(...) REFTALLY_PYTHON_NEW(PyDict_Copy(__VA_ARGS__))
#define PyDict_Items(...) REFTALLY_PYTHON_NEW(PyDict_Items(__VA_ARGS__))
#define PyDict_Keys(...) REFTALLY_PYTHON_NEW(PyDict_Keys(__VA_ARGS__))
#define PyDict_New(...) REFTALLY_PYTHON_NEW(PyDict_New(__VA_ARGS__))
#define PyDict_Values(...) REFTALLY_PYTHON_NEW(PyDict_Values(__VA_ARGS__))
#define PyErr_NewException(...) REFTALLY_PYTHON_NEW(PyErr_NewException(__VA_ARGS__))
#define PyErr_NewExceptionWithDoc(...) REFTALLY_PYTHON_NEW(PyErr_NewExceptionWithDoc(__VA_ARGS__))
#define PyErr_GetRaisedException(...) REFTALLY_PYTHON_NEW(PyErr_GetRaisedException(__VA_ARGS__))
#define PyEval_EvalCode(...) REFTALLY_PYTHON_NEW(PyEval_EvalCode(__VA_ARGS__))
#define PyException_GetCause(...) REFTALLY_PYTHON_NEW(PyException_GetCause(__VA_ARGS__))
#define PyException_GetContext(...) REFTALLY_PYTHON_NEW(PyException_GetContext(__VA_ARGS__))
#define PyException_GetTraceback(...) REFTALLY_PYTHON_NEW(PyException_GetTraceback(__VA_ARGS__))
#define PyFile_FromFd(...) REFTALLY_PYTHON_NEW(PyFile_FromFd(__VA_ARGS__))
#define PyFile_GetLine(...) REFTALLY_PYTHON_NEW(PyFile_GetLine(__VA_ARGS__))
#define PyFloat_FromDouble(...) REFTALLY_PYTHON_NEW(PyFloat_FromDouble(__VA_ARGS__))
#define PyFloat_FromString(...) REFTALLY_PYTHON_NEW(PyFloat_FromString(__VA_ARGS__))
#define PyFrozenSet_New(...) REFTALLY_PYTHON_NEW(PyFrozenSet_New(__VA_ARGS__))
#define PyFunction_New(...) REFTALLY_PYTHON_NEW(PyFunction_New(__VA_ARGS__))
#define PyFunction_NewWithQualName(...) REFTALLY_PYTHON_NEW(PyFunction_NewWithQualName(__VA_ARGS__))
#define PyImport_AddModuleRef(...) REFTALLY_PYTHON_NEW(PyImport_AddModuleRef(__VA_ARGS__))
#define PyImport_ExecCodeModule(...) REFTALLY_PYTHON_NEW(PyImport_ExecCodeModule(__VA_ARGS__))
#define PyImport_GetModule(...) REFTALLY_PYTHON_NEW(PyImport_GetModule(__VA_ARGS__))
#define PyImport_Import(...) REFTALLY_PYTHON_NEW(PyImport_Import(__VA_ARGS__))
#define PyImport_ImportModule(...) REFTALLY_PYTHON_NEW(PyImport_ImportModule(__VA_ARGS__))
#define PyImport_ImportModuleLevel(...) REFTALLY_PYTHON_NEW(PyImport_ImportModuleLevel(__VA_ARGS__))
#define PyImport_ImportModuleLevelObject(...) REFTALLY_PYTHON_NEW(PyImport_ImportModuleLevelObject(__VA_ARGS__))
#define PyImport_ImportModuleNoBlock(...) REFTALLY_PYTHON_NEW(PyImport_ImportModuleNoBlock(__VA_ARGS__))
#define PyImport_ReloadModule(...) REFTALLY_PYTHON_NEW(PyImport_ReloadModule(__VA_ARGS__))
#define PyInstanceMethod_New(...) REFTALLY_PYTHON_NEW(PyInstanceMethod_New(__VA_ARGS__))
#define PyIter_Next(...) REFTALLY_PYTHON_NEW(PyIter_Next(__VA_ARGS__))
#define PyList_AsTuple(...) REFTALLY_PYTHON_NEW(PyList_AsTuple(__VA_ARGS__))
#define PyList_GetItemRef(...) REFTALLY_PYTHON_NEW(PyList_GetItemRef(__VA_ARGS__))
#define PyList_GetSlice(...) REFTALLY_PYTHON_NEW(PyList_GetSlice(__VA_ARGS__))
#define PyList_New(...) REFTALLY_PYTHON_NEW(PyList_New(__VA_ARGS__))
#define PyLong_FromDouble(...) REFTALLY_PYTHON_NEW(PyLong_FromDouble(__VA_ARGS__))
#define PyLong_FromLong(...) REFTALLY_PYTHON_NEW(PyLong_FromLong(__VA_ARGS__))
#define PyLong_FromLongLong(...) REFTALLY_PYTHON_NEW(PyLong_FromLongLong(__VA_ARGS__))
#define PyLong_FromSize_t(...) REFTALLY_PYTHON_NEW(PyLong_FromSize_t(__VA_ARGS__))
#define PyLong_FromSsize_t(...) REFTALLY_PYTHON_NEW(PyLong_FromSsize_t(__VA_ARGS__))
#define PyLong_FromString(...) REFTALLY_PYTHON_NEW(PyLong_FromString(__VA_ARGS__))
#define PyLong_FromUnicodeObject(...) REFTALLY_PYTHON_NEW(PyLong_FromUnicodeObject(__VA_ARGS__))
#define PyLong_FromUnsignedLong(...) REFTALLY_PYTHON_NEW(PyLong_FromUnsignedLong(__VA_ARGS__))
#define PyLong_FromUnsignedLongLong(...) REFTALLY_PYTHON_NEW(PyLong_FromUnsignedLongLong(__VA_ARGS__))
#define PyLong_FromVoidPtr(...) REFTALLY_PYTHON_NEW(PyLong_FromVoidPtr(__VA_ARGS__))
#define PyMapping_GetItemString(...) REFTALLY_PYTHON_NEW(PyMapping_GetItemString(__VA_ARGS__))
#define PyMapping_Items(...) REFTALLY_PYTHON_NEW(PyMapping_Items(__VA_ARGS__))
#define PyMapping_Keys(...) REFTALLY_PYTHON_NEW(PyMapping_Keys(__VA_ARGS__))
#define PyMapping_Values(...) REFTALLY_PYTHON_NEW(PyMapping_Values(__VA_ARGS__))
#define PyMemoryView_FromBuffer(...) REFTALLY_PYTHON_NEW(PyMemoryView_FromBuffer(__VA_ARGS__))
#define PyMemoryView_FromMemory(...) REFTALLY_PYTHON_NEW(PyMemoryView_FromMemory(__VA_ARGS__))
#define PyMemoryView_FromObject(...) REFTALLY_PYTHON_NEW(PyMemoryView_FromObject(__VA_ARGS__))
#define PyMemoryView_GetContiguous(...) REFTALLY_PYTHON_NEW(PyMemoryView_GetContiguous(__VA_ARGS__))
#define PyMethod_New(...) REFTALLY_PYTHON_NEW(PyMethod_New(__VA_ARGS__))
#define PyModule_Create2(...) REFTALLY_PYTHON_NEW(PyModule_Create2(__VA_ARGS__))
#define PyModule_FromDefAndSpec2(...) REFTALLY_PYTHON_NEW(PyModule_FromDefAndSpec2(__VA_ARGS__))
#define PyModule_GetFilenameObject(...) REFTALLY_PYTHON_NEW(PyModule_GetFilenameObject(__VA_ARGS__))
#define PyModule_GetNameObject(...) REFTALLY_PYTHON_NEW(PyModule_GetNameObject(__VA_ARGS__))
#define PyModule_New(...) REFTALLY_PYTHON_NEW(PyModule_New(__VA_ARGS__))
#define PyModule_NewObject(...) REFTALLY_PYTHON_NEW(PyModule_NewObject(__VA_ARGS__))
#define PyNumber_Absolute(...) REFTALLY_PYTHON_NEW(PyNumber_Absolute(__VA_ARGS__))
#define PyNumber_Add(...) REFTALLY_PYTHON_NEW(PyNumber_Add(__VA_ARGS__))
#define PyNumber_And(...) REFTALLY_PYTHON_NEW(PyNumber_And(__VA_ARGS__))
#define PyNumber_Divmod(...) REFTALLY_PYTHON_NEW(PyNumber_Divmod(__VA_ARGS__))
#define PyNumber_Float(...) REFTALLY_PYTHON_NEW(PyNumber_Float(__VA_ARGS__))
#define PyNumber_FloorDivide(...) REFTALLY_PYTHON_NEW(PyNumber_FloorDivide(__VA_ARGS__))
#define PyNumber_InPlaceAdd(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceAdd(__VA_ARGS__))
#define PyNumber_InPlaceAnd(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceAnd(__VA_ARGS__))
#define PyNumber_InPlaceFloorDivide(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceFloorDivide(__VA_ARGS__))
#define PyNumber_InPlaceLshift(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceLshift(__VA_ARGS__))
#define PyNumber_InPlaceMatrixMultiply(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceMatrixMultiply(__VA_ARGS__))
#define PyNumber_InPlaceMultiply(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceMultiply(__VA_ARGS__))
#define PyNumber_InPlaceOr(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceOr(__VA_ARGS__))
#define PyNumber_InPlacePower(...) REFTALLY_PYTHON_NEW(PyNumber_InPlacePower(__VA_ARGS__))
#define PyNumber_InPlaceRemainder(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceRemainder(__VA_ARGS__))
#define PyNumber_InPlaceRshift(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceRshift(__VA_ARGS__))
#define PyNumber_InPlaceSubtract(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceSubtract(__VA_ARGS__))
#define PyNumber_InPlaceTrueDivide(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceTrueDivide(__VA_ARGS__))
#define PyNumber_InPlaceXor(...) REFTALLY_PYTHON_NEW(PyNumber_InPlaceXor(__VA_ARGS__))
#define PyNumber_Index(...) REFTALLY_PYTHON_NEW(PyNumber_Index(__VA_ARGS__))
#define PyNumber_Invert(...) REFTALLY_PYTHON_NEW(PyNumber_Invert(__VA_ARGS__))
#define PyNumber_Long(...) REFTALLY_PYTHON_NEW(PyNumber_Long(__VA_ARGS__))
#define PyNumber_Lshift(...) REFTALLY_PYTHON_NEW(PyNumber_Lshift(__VA_ARGS__))
#define PyNumber_MatrixMultiply(...) REFTALLY_PYTHON_NEW(PyNumber_MatrixMultiply(__VA_ARGS__))
#define PyNumber_Multiply(...) REFTALLY_PYTHON_NEW(PyNumber_Multiply(__VA_ARGS__))
#define PyNumber_Negative(...) REFTALLY_PYTHON_NEW(PyNumber_Negative(__VA_ARGS__))
#define PyNumber_Or(...) REFTALLY_PYTHON_NEW(PyNumber_Or(__VA_ARGS__))
#define PyNumber_Positive(...) REFTALLY_PYTHON_NEW(PyNumber_Positive(__VA_ARGS__))
#define PyNumber_Power(...) REFTALLY_PYTHON_NEW(PyNumber_Power(__VA_ARGS__))
#define PyNumber_Remainder(...) REFTALLY_PYTHON_NEW(PyNumber_Remainder(__VA_ARGS__))
#define PyNumber_Rshift(...) REFTALLY_PYTHON_NEW(PyNumber_Rshift(__VA_ARGS__))
#define PyNumber_Subtract(...) REFTALLY_PYTHON_NEW(PyNumber_Subtract(__VA_ARGS__))
#define PyNumber_ToBase(...) REFTALLY_PYTHON_NEW(PyNumber_ToBase(__VA_ARGS__))
#define PyNumber_TrueDivide(...) REFTALLY_PYTHON_NEW(PyNumber_TrueDivide(__VA_ARGS__))
#define PyNumber_Xor(...) REFTALLY_PYTHON_NEW(PyNumber_Xor(__VA_ARGS__))
#define PyOS_FSPath(...) REFTALLY_PYTHON_NEW(PyOS_FSPath(__VA_ARGS__))
#define PyObject_ASCII(...) REFTALLY_PYTHON_NEW(PyObject_ASCII(__VA_ARGS__))
#define PyObject_Bytes(...) REFTALLY_PYTHON_NEW(PyObject_Bytes(__VA_ARGS__))
#define PyObject_Call(...) REFTALLY_PYTHON_NEW(PyObject_Call(__VA_ARGS__))
#define PyObject_CallFunctionObjArgs(...) REFTALLY_PYTHON_NEW(PyObject_CallFunctionObjArgs(__VA_ARGS__))
#define PyObject_CallMethodObjArgs(...) REFTALLY_PYTHON_NEW(PyObject_CallMethodObjArgs(__VA_ARGS__))
#define PyObject_CallObject(...) REFTALLY_PYTHON_NEW(PyObject_CallObject(__VA_ARGS__))
#define PyObject_CallNoArgs(...) REFTALLY_PYTHON_NEW(PyObject_CallNoArgs(__VA_ARGS__))
#define PyObject_CallOneArg(...) REFTALLY_PYTHON_NEW(PyObject_CallOneArg(__VA_ARGS__))
#define PyObject_CallMethodNoArgs(...) REFTALLY_PYTHON_NEW(PyObject_CallMethodNoArgs(__VA_ARGS__))
#define PyObject_CallMethodOneArg(...) REFTALLY_PYTHON_NEW(PyObject_CallMethodOneArg(__VA_ARGS__))
#define PyObject_Dir(...) REFTALLY_PYTHON_NEW(PyObject_Dir(__VA_ARGS__))
#define PyObject_Format(...) REFTALLY_PYTHON_NEW(PyObject_Format(__VA_ARGS__))
#define PyObject_GenericGetAttr(...) REFTALLY_PYTHON_NEW(PyObject_GenericGetAttr(__VA_ARGS__))
#define PyObject_GenericGetDict(...) REFTALLY_PYTHON_NEW(PyObject_GenericGetDict(__VA_ARGS__))
#define PyObject_GetAIter(...) REFTALLY_PYTHON_NEW(PyObject_GetAIter(__VA_ARGS__))
#define PyObject_GetAttr(...) REFTALLY_PYTHON_NEW(PyObject_GetAttr(__VA_ARGS__))
#define PyObject_GetAttrString(...) REFTALLY_PYTHON_NEW(PyObject_GetAttrString(__VA_ARGS__))
#define PyObject_GetItem(...) REFTALLY_PYTHON_NEW(PyObject_GetItem(__VA_ARGS__))
#define PyObject_GetIter(...) REFTALLY_PYTHON_NEW(PyObject_GetIter(__VA_ARGS__))
#define PyObject_Repr(...) REFTALLY_PYTHON_NEW(PyObject_Repr(__VA_ARGS__))
#define PyObject_RichCompare(...) REFTALLY_PYTHON_NEW(PyObject_RichCompare(__VA_ARGS__))
#define PyObject_Str(...) REFTALLY_PYTHON_NEW(PyObject_Str(__VA_ARGS__))
#define PyObject_Type(...) REFTALLY_PYTHON_NEW(PyObject_Type(__VA_ARGS__))
#define PyObject_Vectorcall(...) REFTALLY_PYTHON_NEW(PyObject_Vectorcall(__VA_ARGS__))
#define PyObject_VectorcallDict(...) REFTALLY_PYTHON_NEW(PyObject_VectorcallDict(__VA_ARGS__))
#define PyObject_VectorcallMethod(...) REFTALLY_PYTHON_NEW(PyObject_VectorcallMethod(__VA_ARGS__))
#define PyRun_String(...) REFTALLY_PYTHON_NEW(PyRun_String(__VA_ARGS__))
#define PySeqIter_New(...) REFTALLY_PYTHON_NEW(PySeqIter_New(__VA_ARGS__))
#define PySequence_Concat(...) REFTALLY_PYTHON_NEW(PySequence_Concat(__VA_ARGS__))
#define PySequence_Fast(...) REFTALLY_PYTHON_NEW(PySequence_Fast(__VA_ARGS__))
#define PySequence_GetItem(...) REFTALLY_PYTHON_NEW(PySequence_GetItem(__VA_ARGS__))
#define PySequence_GetSlice(...) REFTALLY_PYTHON_NEW(PySequence_GetSlice(__VA_ARGS__))
#define PySequence_InPlaceConcat(...) REFTALLY_PYTHON_NEW(PySequence_InPlaceConcat(__VA_ARGS__))
#define PySequence_InPlaceRepeat(...) REFTALLY_PYTHON_NEW(PySequence_InPlaceRepeat(__VA_ARGS__))
#define PySequence_List(...) REFTALLY_PYTHON_NEW(PySequence_List(__VA_ARGS__))
#define PySequence_Repeat(...) REFTALLY_PYTHON_NEW(PySequence_Repeat(__VA_ARGS__))
#define PySequence_Tuple(...) REFTALLY_PYTHON_NEW(PySequence_Tuple(__VA_ARGS__))
#define PySet_New(...) REFTALLY_PYTHON_NEW(PySet_New(__VA_ARGS__))
#define PySet_Pop(...) REFTALLY_PYTHON_NEW(PySet_Pop(__VA_ARGS__))
#define PySlice_New(...) REFTALLY_PYTHON_NEW(PySlice_New(__VA_ARGS__))
#define PyStructSequence_New(...) REFTALLY_PYTHON_NEW(PyStructSequence_New(__VA_ARGS__))
#define PyTuple_GetSlice(...) REFTALLY_PYTHON_NEW(PyTuple_GetSlice(__VA_ARGS__))
#define PyTuple_New(...) REFTALLY_PYTHON_NEW(PyTuple_New(__VA_ARGS__))
#define PyTuple_Pack(...) REFTALLY_PYTHON_NEW(PyTuple_Pack(__VA_ARGS__))
#define PyType_FromModuleAndSpec(...) REFTALLY_PYTHON_NEW(PyType_FromModuleAndSpec(__VA_ARGS__))
#define PyType_FromSpec(...) REFTALLY_PYTHON_NEW(PyType_FromSpec(__VA_ARGS__))
#define PyType_FromSpecWithBases(...) REFTALLY_PYTHON_NEW(PyType_FromSpecWithBases(__VA_ARGS__))
#define PyType_GenericAlloc(...) REFTALLY_PYTHON_NEW(PyType_GenericAlloc(__VA_ARGS__))
#define PyType_GenericNew(...) REFTALLY_PYTHON_NEW(PyType_GenericNew(__VA_ARGS__))
#define PyType_GetName(...) REFTALLY_PYTHON_NEW(PyType_GetName(__VA_ARGS__))
#define PyType_GetQualName(...) REFTALLY_PYTHON_NEW(PyType_GetQualName(__VA_ARGS__))
#define PyUnicode_AsASCIIString(...) REFTALLY_PYTHON_NEW(PyUnicode_AsASCIIString(__VA_ARGS__))
#define PyUnicode_AsEncodedString(...) REFTALLY_PYTHON_NEW(PyUnicode_AsEncodedString(__VA_ARGS__))
#define PyUnicode_AsLatin1String(...) REFTALLY_PYTHON_NEW(PyUnicode_AsLatin1String(__VA_ARGS__))
#define PyUnicode_AsUTF16String(...) REFTALLY_PYTHON_NEW(PyUnicode_AsUTF16String(__VA_ARGS__))
#define PyUnicode_AsUTF32String(...) REFTALLY_PYTHON_NEW(PyUnicode_AsUTF32String(__VA_ARGS__))
#define PyUnicode_AsUTF8String(...) REFTALLY_PYTHON_NEW(PyUnicode_AsUTF8String(__VA_ARGS__))
#define PyUnicode_AsUnicodeEscapeString(...) REFTALLY_PYTHON_NEW(PyUnicode_AsUnicodeEscapeString(__VA_ARGS__))
#define PyUnicode_Concat(...) REFTALLY_PYTHON_NEW(PyUnicode_Concat(__VA_ARGS__))
#define PyUnicode_Decode(...) REFTALLY_PYTHON_NEW(PyUnicode_Decode(__VA_ARGS__))
#define PyUnicode_DecodeASCII(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeASCII(__VA_ARGS__))
#define PyUnicode_DecodeFSDefault(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeFSDefault(__VA_ARGS__))
#define PyUnicode_DecodeFSDefaultAndSize(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeFSDefaultAndSize(__VA_ARGS__))
#define PyUnicode_DecodeLatin1(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeLatin1(__VA_ARGS__))
#define PyUnicode_DecodeLocale(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeLocale(__VA_ARGS__))
#define PyUnicode_DecodeUTF16(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeUTF16(__VA_ARGS__))
#define PyUnicode_DecodeUTF32(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeUTF32(__VA_ARGS__))
#define PyUnicode_DecodeUTF8(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeUTF8(__VA_ARGS__))
#define PyUnicode_DecodeUnicodeEscape(...) REFTALLY_PYTHON_NEW(PyUnicode_DecodeUnicodeEscape(__VA_ARGS__))
#define PyUnicode_EncodeFSDefault(...) REFTALLY_PYTHON_NEW(PyUnicode_EncodeFSDefault(__VA_ARGS__))
#define PyUnicode_EncodeLocale(...) REFTALLY_PYTHON_NEW(PyUnicode_EncodeLocale(__VA_ARGS__))
#define PyUnicode_Format(...) REFTALLY_PYTHON_NEW(PyUnicode_Format(__VA_ARGS__))
#define PyUnicode_FromEncodedObject(...) REFTALLY_PYTHON_NEW(PyUnicode_FromEncodedObject(__VA_ARGS__))
#define PyUnicode_FromFormat(...) REFTALLY_PYTHON_NEW(PyUnicode_FromFormat(__VA_ARGS__))
#define PyUnicode_FromFormatV(...) REFTALLY_PYTHON_NEW(PyUnicode_FromFormatV(__VA_ARGS__))
#define PyUnicode_FromKindAndData(...) REFTALLY_PYTHON_NEW(PyUnicode_FromKindAndData(__VA_ARGS__))
#define PyUnicode_FromObject(...) REFTALLY_PYTHON_NEW(PyUnicode_FromObject(__VA_ARGS__))
#define PyUnicode_FromOrdinal(...) REFTALLY_PYTHON_NEW(PyUnicode_FromOrdinal(__VA_ARGS__))
#define PyUnicode_FromString(...) REFTALLY_PYTHON_NEW(PyUnicode_FromString(__VA_ARGS__))
#define PyUnicode_FromStringAndSize(...) REFTALLY_PYTHON_NEW(PyUnicode_FromStringAndSize(__VA_ARGS__))
#define PyUnicode_FromWideChar(...) REFTALLY_PYTHON_NEW(PyUnicode_FromWideChar(__VA_ARGS__))
#define PyUnicode_InternFromString(...) REFTALLY_PYTHON_NEW(PyUnicode_InternFromString(__VA_ARGS__))
#define PyUnicode_Join(...) REFTALLY_PYTHON_NEW(PyUnicode_Join(__VA_ARGS__))
#define PyUnicode_New(...) REFTALLY_PYTHON_NEW(PyUnicode_New(__VA_ARGS__))
#define PyUnicode_Partition(...) REFTALLY_PYTHON_NEW(PyUnicode_Partition(__VA_ARGS__))
#define PyUnicode_RPartition(...) REFTALLY_PYTHON_NEW(PyUnicode_RPartition(__VA_ARGS__))
#define PyUnicode_RSplit(...) REFTALLY_PYTHON_NEW(PyUnicode_RSplit(__VA_ARGS__))
#define PyUnicode_Replace(...) REFTALLY_PYTHON_NEW(PyUnicode_Replace(__VA_ARGS__))
#define PyUnicode_RichCompare(...) REFTALLY_PYTHON_NEW(PyUnicode_RichCompare(__VA_ARGS__))
#define PyUnicode_Split(...) REFTALLY_PYTHON_NEW(PyUnicode_Split(__VA_ARGS__))
#define PyUnicode_Splitlines(...) REFTALLY_PYTHON_NEW(PyUnicode_Splitlines(__VA_ARGS__))
#define PyUnicode_Substring(...) REFTALLY_PYTHON_NEW(PyUnicode_Substring(__VA_ARGS__))
#define PyUnicode_Translate(...) REFTALLY_PYTHON_NEW(PyUnicode_Translate(__VA_ARGS__))
#define PyVectorcall_Call(...) REFTALLY_PYTHON_NEW(PyVectorcall_Call(__VA_ARGS__))
#define PyWeakref_NewProxy(...) REFTALLY_PYTHON_NEW(PyWeakref_NewProxy(__VA_ARGS__))
#define PyWeakref_NewRef(...) REFTALLY_PYTHON_NEW(PyWeakref_NewRef(__VA_ARGS__))
#define _Py_BuildValue_SizeT(...) REFTALLY_PYTHON_NEW(_Py_BuildValue_SizeT(__VA_ARGS__))
#define _Py_VaBuildValue_SizeT(...) REFTALLY_PYTHON_NEW(_Py_VaBuildValue_SizeT(__VA_ARGS__))
#define Py_CompileStringExFlags(...) REFTALLY_PYTHON_NEW(Py_CompileStringExFlags(__VA_ARGS__))
#define Py_CompileStringObject(...) REFTALLY_PYTHON_NEW(Py_CompileStringObject(__VA_ARGS__))
#define Py_GenericAlias(...) REFTALLY_PYTHON_NEW(Py_GenericAlias(__VA_ARGS__))
#define _PyObject_CallFunction_SizeT(...) REFTALLY_PYTHON_NEW(_PyObject_CallFunction_SizeT(__VA_ARGS__))
#define _PyObject_CallMethod_SizeT(...) REFTALLY_PYTHON_NEW(_PyObject_CallMethod_SizeT(__VA_ARGS__))

// With PY_SSIZE_T_CLEAN these are names for the ones above with _SizeT, up to 3.12.
#ifndef Py_BuildValue
#define Py_BuildValue(...) REFTALLY_PYTHON_NEW(Py_BuildValue(__VA_ARGS__))
#endif
#ifndef Py_VaBuildValue
#define Py_VaBuildValue(...) REFTALLY_PYTHON_NEW(Py_VaBuildValue(__VA_ARGS__))
#endif
#ifndef PyObject_CallFunction
#define PyObject_CallFunction(...) REFTALLY_PYTHON_NEW(PyObject_CallFunction(__VA_ARGS__))
#endif
#ifndef PyObject_CallMethod
#define PyObject_CallMethod(...) REFTALLY_PYTHON_NEW(PyObject_CallMethod(__VA_ARGS__))
#endif

#endif
