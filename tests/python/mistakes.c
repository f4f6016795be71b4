/* An extension with the classic mistakes of reference counting, one function or type each; see mistakes_test.py. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

/* 1. PySequence_GetItem gives a new reference; nobody releases it. */
static PyObject *leak_item(PyObject *module, PyObject *sequence) {
  PyObject *item = PySequence_GetItem(sequence, 0);
  if (item == NULL) return NULL;
  Py_RETURN_NONE;
}

/* 2. A temporary list is dropped instead of released. */
static PyObject *leak_temporary(PyObject *module, PyObject *value) {
  PyObject *temporary = PyList_New(0);
  if (temporary == NULL || PyList_Append(temporary, value) < 0) return NULL;
  return PyLong_FromSsize_t(PyList_Size(temporary));
}

/* 3. The way out with an error forgets what was made before. */
static PyObject *leak_on_error(PyObject *module, PyObject *value) {
  PyObject *pair = PyTuple_Pack(2, value, value);
  if (pair == NULL) return NULL;
  if (!PyLong_Check(value)) {
    PyErr_SetString(PyExc_TypeError, "an int is needed");
    return NULL;
  }
  Py_DECREF(pair);
  Py_RETURN_NONE;
}

typedef struct {
  PyObject_HEAD
  PyObject *first, *second;
} Pair;

static int visit_both(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(((Pair *)self)->first);
  Py_VISIT(((Pair *)self)->second);
  Py_VISIT(Py_TYPE(self));
  return 0;
}

static int visit_first(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(((Pair *)self)->first);
  Py_VISIT(Py_TYPE(self));
  return 0;
}

static int clear_both(PyObject *self) {
  Py_CLEAR(((Pair *)self)->first);
  Py_CLEAR(((Pair *)self)->second);
  return 0;
}

static void dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear_both(self);
  type->tp_free(self);
  Py_DECREF(type);
}

/* 4. A borrowed reference is stored as if it were owned. */
static PyObject *borrow(PyObject *self, PyObject *value) {
  ((Pair *)self)->first = value;
  Py_RETURN_NONE;
}

static PyMethodDef borrower_methods[] = {{"borrow", borrow, METH_O, NULL}, {NULL}};
static PyMemberDef pair_members[] = {{"first", T_OBJECT, offsetof(Pair, first), 0, NULL},
                                     {"second", T_OBJECT, offsetof(Pair, second), 0, NULL},
                                     {NULL}};

static PyType_Slot borrower_slots[] = {{Py_tp_traverse, visit_both}, {Py_tp_clear, clear_both},
  {Py_tp_dealloc, dealloc}, {Py_tp_methods, borrower_methods}, {0, NULL}};
/* 5. tp_traverse skips a member. */
static PyType_Slot skipper_slots[] = {{Py_tp_traverse, visit_first}, {Py_tp_clear, clear_both},
  {Py_tp_dealloc, dealloc}, {Py_tp_members, pair_members}, {0, NULL}};
/* 6. Without tp_clear the collector finds a cycle and cannot break it. */
static PyType_Slot unclear_slots[] = {{Py_tp_traverse, visit_both}, {Py_tp_dealloc, dealloc},
  {Py_tp_members, pair_members}, {0, NULL}};

/* 14. A heap type whose instances go without giving back their class. */
static void dealloc_alone(PyObject *self) {
  PyObject_GC_UnTrack(self);
  clear_both(self);
  Py_TYPE(self)->tp_free(self);
}
static PyType_Slot keeper_slots[] = {{Py_tp_traverse, visit_both}, {Py_tp_clear, clear_both},
  {Py_tp_dealloc, dealloc_alone}, {Py_tp_members, pair_members}, {0, NULL}};

#define FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC)
static PyType_Spec specs[] = {{"mistakes.Borrower", sizeof(Pair), 0, FLAGS, borrower_slots},
                              {"mistakes.Skipper", sizeof(Pair), 0, FLAGS, skipper_slots},
                              {"mistakes.Unclear", sizeof(Pair), 0, FLAGS, unclear_slots},
                              {"mistakes.Keeper", sizeof(Pair), 0, FLAGS, keeper_slots}};

/* 7. Not a mistake: a static variable owns what it holds. */
static PyObject *kept;

static PyObject *keep(PyObject *module, PyObject *value) {
  Py_INCREF(value);
  Py_XSETREF(kept, value);
  Py_RETURN_NONE;
}

/* 15. Of an exception that was fetched the traceback is forgotten. */
static PyObject *forget_traceback(PyObject *module, PyObject *callable) {
  PyObject *type, *value, *traceback, *result = PyObject_CallObject(callable, NULL);
  if (result != NULL) return result;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_RETURN_NONE;
}

/* 16. A buffer that is never released. */
static PyObject *leak_buffer(PyObject *module, PyObject *bytes) {
  Py_buffer view;
  if (PyObject_GetBuffer(bytes, &view, PyBUF_SIMPLE) < 0) return NULL;
  return PyLong_FromSsize_t(view.len);
}

/* 17. Not a mistake: fetched and put back, taken and released. */
static PyObject *tidy(PyObject *module, PyObject *bytes) {
  PyObject *type, *value, *traceback;
  Py_buffer view;
  PyErr_SetString(PyExc_ValueError, "for a moment");
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_Restore(type, value, traceback);
  PyErr_Clear();
  if (PyObject_GetBuffer(bytes, &view, PyBUF_SIMPLE) < 0) return NULL;
  PyBuffer_Release(&view);
  Py_RETURN_NONE;
}

/* 8. PyList_GetItem lends its reference; who releases it takes the list's. */
static PyObject *release_lent(PyObject *module, PyObject *list) {
  PyObject *item = PyList_GetItem(list, 0);
  if (item == NULL) return NULL;
  Py_DECREF(item);
  Py_RETURN_NONE;
}

/* 9. What the collector never sees, because it holds nothing that it tracks. */
static PyObject *leak_bytes(PyObject *module, PyObject *text) {
  PyObject *encoded = PyUnicode_AsEncodedString(text, "utf-16", NULL);
  if (encoded == NULL) return NULL;
  return PyLong_FromSsize_t(PyBytes_GET_SIZE(encoded));
}

static PyObject *leak_settings(PyObject *module, PyObject *number) {
  PyObject *settings = Py_BuildValue("{s:d,s:(di)}", "depth", PyFloat_AsDouble(number), "range", 1.5, 3000);
  if (settings == NULL) return NULL;
  Py_RETURN_NONE;
}

/* 10. Memory without a header: what PyUnicode_AsWideCharString gives is the caller's. */
static PyObject *leak_memory(PyObject *module, PyObject *text) {
  wchar_t *wide = PyUnicode_AsWideCharString(text, NULL);
  if (wide == NULL) return NULL;
  return PyLong_FromSize_t(wcslen(wide));
}

typedef struct Link {
  struct Link *next;
  PyObject *value;
  char padding[64];
} Link;

/* A list is lost with all it holds. */
static PyObject *leak_links(PyObject *module, PyObject *value) {
  Link *first = NULL;
  for (int i = 0; i < 3; i++) {
    Link *link = PyMem_Calloc(1, sizeof(Link));
    if (link == NULL) return NULL;
    link->next = first;
    link->value = (Py_INCREF(value), value);
    first = link;
  }
  Py_RETURN_NONE;
}

/* 11. Not a mistake: held by its middle, by a packed structure, by an address with a mark, by what is held itself. */
#define KEPT 100
char *by_middle[KEPT]; /* what is static and never read, a compiler leaves out */
struct __attribute__((packed)) { char kind; void *memory; } packed[KEPT];
uintptr_t marked[KEPT];
Link *links;

static PyObject *keep_memory(PyObject *module, PyObject *unused) {
  for (int i = 0; i < KEPT; i++) {
    by_middle[i] = (char *)PyMem_Malloc(80) + 41;
    packed[i].memory = PyMem_Malloc(96);
    marked[i] = (uintptr_t)PyMem_Malloc(112) | (uintptr_t)(i + 1) << 48;
    Link *link = PyMem_Calloc(1, sizeof(Link));
    link->next = links;
    links = link;
  }
  Py_RETURN_NONE;
}

static PyMethodDef functions[] = {{"leak_item", leak_item, METH_O, NULL},
                                  {"leak_temporary", leak_temporary, METH_O, NULL},
                                  {"leak_on_error", leak_on_error, METH_O, NULL},
                                  {"leak_bytes", leak_bytes, METH_O, NULL},
                                  {"leak_settings", leak_settings, METH_O, NULL},
                                  {"leak_memory", leak_memory, METH_O, NULL},
                                  {"leak_links", leak_links, METH_O, NULL},
                                  {"keep_memory", keep_memory, METH_NOARGS, NULL},
                                  {"keep", keep, METH_O, NULL},
                                  {"forget_traceback", forget_traceback, METH_O, NULL},
                                  {"leak_buffer", leak_buffer, METH_O, NULL},
                                  {"tidy", tidy, METH_O, NULL},
                                  {"release_lent", release_lent, METH_O, NULL},
                                  {NULL}};
/* 12. Not a mistake: a dead object, kept for when one is needed again. */
static PyObject *parked;

static int visit_parked(PyObject *module, visitproc visit, void *arg) {
  Py_VISIT(parked);
  return 0;
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "mistakes", NULL, -1, functions, NULL, visit_parked};

PyMODINIT_FUNC PyInit_mistakes(void) {
  PyObject *module = PyModule_Create(&definition);
  /* 13. Lost once, when the module is made: Cython's modules do so. */
  for (int i = 0; i < 9; i++) PyUnicode_FromFormat("mistakes of %d kinds", i);
  for (int i = 0; i < 9; i++) PyMem_Malloc(60);
  PyObject *name = PyUnicode_InternFromString("mistakes");
  for (int i = 0; i < 120; i++) PyTuple_Pack(2, name, name);
  Py_DECREF(name);
  parked = PyObject_New(PyObject, &PyBaseObject_Type);
  Py_SET_REFCNT(parked, 0);
  for (size_t i = 0; module != NULL && i < sizeof specs / sizeof *specs; i++) {
    PyObject *type = PyType_FromSpec(&specs[i]);
    if (type == NULL || PyModule_AddObject(module, strchr(specs[i].name, '.') + 1, type) < 0) return NULL;
  }
  return module;
}
