#include "analyzer/lint/python_api.h"

#include <algorithm>
#include <array>

namespace reftally::lint {
namespace {

constexpr std::string_view kBorrowing[] = {"PyCFunction_GET_SELF",
                                           "PyCFunction_GetSelf",
                                           "PyCell_GET",
                                           "PyDateTime_DATE_GET_TZINFO",
                                           "PyDateTime_TIME_GET_TZINFO",
                                           "PyDict_GetItem",
                                           "PyDict_GetItemString",
                                           "PyDict_GetItemWithError",
                                           "PyDict_SetDefault",
                                           "PyErr_Occurred",
                                           "PyEval_GetBuiltins",
                                           "PyEval_GetFrame",
                                           "PyEval_GetGlobals",
                                           "PyEval_GetLocals",
                                           "PyFunction_GET_CODE",
                                           "PyFunction_GetAnnotations",
                                           "PyFunction_GetClosure",
                                           "PyFunction_GetCode",
                                           "PyFunction_GetDefaults",
                                           "PyFunction_GetGlobals",
                                           "PyFunction_GetKwDefaults",
                                           "PyFunction_GetModule",
                                           "PyImport_AddModule",
                                           "PyImport_AddModuleObject",
                                           "PyImport_GetModuleDict",
                                           "PyInstanceMethod_Function",
                                           "PyInterpreterState_GetDict",
                                           "PyInstanceMethod_GET_FUNCTION",
                                           "PyList_GET_ITEM",
                                           "PyList_GetItem",
                                           "PyMethod_Function",
                                           "PyMethod_GET_FUNCTION",
                                           "PyMethod_GET_SELF",
                                           "PyMethod_Self",
                                           "PyModule_GetDict",
                                           "PySequence_Fast_GET_ITEM",
                                           "PyState_FindModule",
                                           "PyStructSequence_GET_ITEM",
                                           "PyStructSequence_GetItem",
                                           "PySys_GetObject",
                                           "PyThreadState_GetDict",
                                           "PyTuple_GET_ITEM",
                                           "PyTuple_GetItem",
                                           "PyType_GetModule",
                                           "PyType_GetModuleByDef",
                                           "PyWeakref_GET_OBJECT",
                                           "PyWeakref_GetObject",
                                           "_PyDict_GetItem_KnownHash",
                                           "_PyDict_GetItemIdWithError"};

constexpr std::string_view kNulls[] = {"PyCodec_StrictErrors",
                                       "PyErr_Format",
                                       "PyErr_FormatV",
                                       "PyErr_NoMemory",
                                       "PyErr_SetExcFromWindowsErr",
                                       "PyErr_SetFromErrno",
                                       "PyErr_SetFromErrnoWithFilename",
                                       "PyErr_SetFromErrnoWithFilenameObject",
                                       "PyErr_SetFromErrnoWithFilenameObjects",
                                       "PyErr_SetFromWindowsErr",
                                       "PyErr_SetImportError",
                                       "PyErr_SetImportErrorSubclass",
                                       "_PyErr_Format"};

// Py_TYPE: a heap type is released by the tp_dealloc of its instances. PyObject_Init works on memory of the caller.
// PyObject_SelfIter and the like hand their argument on.
constexpr std::string_view kUnknowns[] = {
    "PyModuleDef_Init",       "PyObject_Init", "PyObject_InitVar",    "PyObject_SelfIter", "PyType_GetModuleState",
    "Py_GetConstantBorrowed", "Py_TYPE",       "_PyObject_GC_Resize", "_Py_HashPointer",   "PyUnstable_TryIncRef"};

struct Stealing {
  std::string_view name;
  uint32_t arguments;  // bits
};
constexpr Stealing kStealing[] = {{"PyBytes_ConcatAndDel", 1 << 1},
                                  {"PyCell_SET", 1 << 1},
                                  {"PyErr_Restore", 7},
                                  {"PyErr_SetExcInfo", 7},
                                  {"PyErr_SetRaisedException", 1},
                                  {"PyErr_SetHandledException", 0},
                                  {"PyException_SetCause", 1 << 1},
                                  {"PyException_SetContext", 1 << 1},
                                  {"PyList_SET_ITEM", 1 << 2},
                                  {"PyList_SetItem", 1 << 2},
                                  {"PyModule_Add", 1 << 2},
                                  {"PyStructSequence_SET_ITEM", 1 << 2},
                                  {"PyStructSequence_SetItem", 1 << 2},
                                  {"PyTuple_SET_ITEM", 1 << 2},
                                  {"PyTuple_SetItem", 1 << 2},
                                  {"PyUnicode_AppendAndDel", 1 << 1}};

struct Receiving {
  std::string_view name;
  PyOut out;
};
constexpr Receiving kReceiving[] = {{"PyBytes_Concat", {0, 0, PyReturn::kNew, true}},
                                    {"PyBytes_ConcatAndDel", {0, 0, PyReturn::kNew, true}},
                                    {"PyContextVar_Get", {2, 2, PyReturn::kNew, false}},
                                    {"PyDict_GetItemRef", {2, 2, PyReturn::kNew, false}},
                                    {"PyDict_GetItemStringRef", {2, 2, PyReturn::kNew, false}},
                                    {"PyDict_Next", {2, 3, PyReturn::kBorrowed, false}},
                                    {"PyDict_Pop", {2, 2, PyReturn::kNew, false}},
                                    {"PyDict_SetDefaultRef", {3, 3, PyReturn::kNew, false}},
                                    {"PyErr_Fetch", {0, 2, PyReturn::kNew, false}},
                                    {"PyErr_GetExcInfo", {0, 2, PyReturn::kNew, false}},
                                    {"PyErr_NormalizeException", {0, 2, PyReturn::kUnknown, true}},
                                    {"PyIter_Send", {2, 2, PyReturn::kNew, false}},
                                    {"PyMapping_GetOptionalItem", {2, 2, PyReturn::kNew, false}},
                                    {"PyMapping_GetOptionalItemString", {2, 2, PyReturn::kNew, false}},
                                    {"PyObject_GetOptionalAttr", {2, 2, PyReturn::kNew, false}},
                                    {"PyObject_GetOptionalAttrString", {2, 2, PyReturn::kNew, false}},
                                    {"PyUnicode_Append", {0, 0, PyReturn::kNew, true}},
                                    {"PyUnicode_AppendAndDel", {0, 0, PyReturn::kNew, true}},
                                    {"PyUnicode_FSConverter", {1, 1, PyReturn::kNew, false}},
                                    {"PyUnicode_FSDecoder", {1, 1, PyReturn::kNew, false}},
                                    {"PyUnicode_InternInPlace", {0, 0, PyReturn::kNew, true}},
                                    {"PyUnicode_Resize", {0, 0, PyReturn::kNew, true}},
                                    {"PyWeakref_GetRef", {1, 1, PyReturn::kNew, false}},
                                    {"_PyBytes_Resize", {0, 0, PyReturn::kNew, true}},
                                    {"_PyObject_LookupAttr", {2, 2, PyReturn::kNew, false}},
                                    {"_PyTuple_Resize", {0, 0, PyReturn::kNew, true}}};

constexpr std::string_view kReading[] = {"_AS",          "_As",      "Check",     "_Get",   "_GET",
                                         "Size",         "SIZE",     "Len",       "IsTrue", "_Contains",
                                         "_RichCompare", "_Hash",    "Py_INCREF", "Not",    "_IsInstance",
                                         "_IsSubclass",  "_Compare", "_READ",     "_KIND",  "_DATA"};

// Results that nobody else can hold yet: a call, an attribute or an item may well be kept where it came from.
constexpr std::string_view kFresh[] = {"_New",          "_From",        "BuildValue",  "PyTuple_Pack",   "PyDict_Keys",
                                       "PyDict_Values", "PyDict_Items", "PyDict_Copy", "PySequence_List"};

constexpr std::string_view kNarrowing[] = {
    "PyUnicode_Check", "PyBytes_Check",     "PyLong_Check",        "PyFloat_Check",
    "PyBool_Check",    "PyType_IsSubtype",  "PyObject_TypeCheck",  "Py_TYPE",
    "Py_IS_TYPE",      "PyType_HasFeature", "PyType_FastSubclass", "PyObject_IsInstance"};

constexpr std::string_view kAtoms[] = {"PyUnicode_", "PyBytes_",  "PyLong_",      "PyFloat_",      "PyBool_",
                                       "PyComplex_", "PyNumber_", "PyObject_Str", "PyObject_Repr", "PyObject_ASCII"};

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

}  // namespace

PyReturn py_returns(std::string_view name) {
  if (contains(kBorrowing, name)) return PyReturn::kBorrowed;
  if (contains(kNulls, name)) return PyReturn::kNull;
  if (contains(kUnknowns, name)) return PyReturn::kUnknown;
  return PyReturn::kNew;
}

uint32_t py_steals(std::string_view name) {
  for (const Stealing& each : kStealing)
    if (each.name == name) return each.arguments;
  return 0;
}

std::optional<PyOut> py_out(std::string_view name) {
  for (const Receiving& each : kReceiving)
    if (each.name == name) return each.out;
  return std::nullopt;
}

bool py_may_keep_argument(std::string_view name) {
  if (name == "PyObject_GetBuffer" || name == "PyObject_GetIter" || name == "PyObject_GetAIter") return true;
  return std::none_of(std::begin(kReading), std::end(kReading),
                      [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

bool py_makes_fresh(std::string_view name) {
  return std::any_of(std::begin(kFresh), std::end(kFresh),
                     [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

bool py_asks_type(std::string_view name) {
  return std::any_of(std::begin(kNarrowing), std::end(kNarrowing),
                     [&](std::string_view part) { return name.starts_with(part); });
}

bool py_makes_atom(std::string_view name) {
  return std::any_of(std::begin(kAtoms), std::end(kAtoms),
                     [&](std::string_view part) { return name.starts_with(part); });
}

std::vector<char> py_build_units(std::string_view format) {
  std::vector<char> units;
  for (size_t i = 0; i < format.size(); ++i) {
    const char unit = format[i];
    if (!isalpha(static_cast<unsigned char>(unit))) continue;
    const char next = i + 1 < format.size() ? format[i + 1] : '\0';
    units.push_back(next == '&' ? '&' : unit);
    if (next == '&' || next == '#') units.push_back(next == '&' ? '&' : '#');
  }
  return units;
}

std::vector<char> py_parse_units(std::string_view format) {
  std::vector<char> units;
  for (size_t i = 0; i < format.size() && format[i] != ':' && format[i] != ';'; ++i) {
    const char unit = format[i];
    if (!isalpha(static_cast<unsigned char>(unit))) continue;
    char next = i + 1 < format.size() ? format[i + 1] : '\0';
    if (unit == 'e') {  // "es", "et": an encoding's name, then what "s" takes
      units.push_back('e');
      ++i;
      next = i + 1 < format.size() ? format[i + 1] : '\0';
      units.push_back('e');
      if (next == '#') units.push_back('#');
      continue;
    }
    if (next == '!') units.push_back('!');
    if (next == '&') units.push_back('&');
    units.push_back(next == '&' ? '&' : unit);
    if (next == '#') units.push_back('#');
  }
  return units;
}

}  // namespace reftally::lint
