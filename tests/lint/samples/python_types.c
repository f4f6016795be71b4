// Types: members that the collector is told of, and those it is not.
#include <Python.h>
#include <structmember.h>

// --- tp_traverse forgets a member ------------------------------------------------------------------------------------

typedef struct {
  PyObject_HEAD PyObject* callback;
  PyObject* data;    // expect: py-traverse
  PyObject* parent;  // not owned: never released
  PyObject* weakreflist;
} Forgetful;

static int forgetful_traverse(Forgetful* self, visitproc visit, void* arg) {
  Py_VISIT(self->callback);
  return 0;
}

static int forgetful_clear(Forgetful* self) {
  Py_CLEAR(self->callback);
  Py_CLEAR(self->data);
  return 0;
}

static int forgetful_init(Forgetful* self, PyObject* args, PyObject* keywords) {
  PyObject *callback, *data, *parent;
  if (!PyArg_ParseTuple(args, "OOO", &callback, &data, &parent)) return -1;
  Py_INCREF(callback);
  Py_XSETREF(self->callback, callback);
  Py_INCREF(data);
  Py_XSETREF(self->data, data);
  self->parent = parent;
  return 0;
}

static void forgetful_dealloc(Forgetful* self) {
  PyObject_GC_UnTrack(self);
  forgetful_clear(self);
  Py_TYPE(self)->tp_free((PyObject*)self);
}

PyTypeObject Forgetful_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "sample.Forgetful",
    .tp_basicsize = sizeof(Forgetful),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)forgetful_traverse,
    .tp_clear = (inquiry)forgetful_clear,
    .tp_dealloc = (destructor)forgetful_dealloc,
    .tp_init = (initproc)forgetful_init,
};

// --- tp_clear forgets one; a helper visits another -------------------------------------------------------------------

typedef struct {
  PyObject_HEAD PyObject* first;
  PyObject* second;  // expect: py-clear
  PyObject* name;    // a string: nothing to visit
} Half;

static int visit_second(Half* self, visitproc visit, void* arg) {
  Py_VISIT(self->second);
  return 0;
}

static int half_traverse(Half* self, visitproc visit, void* arg) {
  Py_VISIT(self->first);
  return visit_second(self, visit, arg);
}

static int half_clear(Half* self) {
  Py_CLEAR(self->first);
  return 0;
}

static void half_dealloc(Half* self) {
  PyObject_GC_UnTrack(self);
  Py_XDECREF(self->first);
  Py_XDECREF(self->second);
  Py_XDECREF(self->name);
  PyObject_GC_Del(self);
}

static int half_init(Half* self, PyObject* args, PyObject* keywords) {
  self->first = PyObject_CallNoArgs(args);
  self->second = PyObject_CallNoArgs(args);
  self->name = PyUnicode_FromString("half");
  return 0;
}

PyTypeObject Half_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "sample.Half",
    .tp_basicsize = sizeof(Half),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_traverse = (traverseproc)half_traverse,
    .tp_clear = (inquiry)half_clear,
    .tp_dealloc = (destructor)half_dealloc,
    .tp_init = (initproc)half_init,
};

// --- no part in collection -------------------------------------------------------------------------------------------

typedef struct {
  PyObject_HEAD PyObject* callback;  // expect-note: py-no-gc
  PyObject* anything;
  PyObject* text;
} Loner;

static void loner_dealloc(Loner* self) {
  Py_XDECREF(self->callback);
  Py_XDECREF(self->text);
  Py_TYPE(self)->tp_free((PyObject*)self);
}

static PyObject* loner_set(Loner* self, PyObject* callback) {
  Py_INCREF(callback);
  Py_XSETREF(self->callback, callback);
  Py_XSETREF(self->text, PyUnicode_FromString("set"));
  Py_RETURN_NONE;
}

static PyObject* loner_get(Loner* self, PyObject* unused) {
  return self->callback;  // expect: py-borrowed
}

static PyObject* loner_get_paid(Loner* self, PyObject* unused) {
  Py_XINCREF(self->callback);
  return self->callback;
}

static PyObject* loner_keep_unpaid(Loner* self, PyObject* callback) {
  Py_XDECREF(self->callback);
  self->callback = callback;  // expect: py-borrowed
  Py_RETURN_NONE;
}

static PyMethodDef loner_methods[] = {{"set", (PyCFunction)loner_set, METH_O, NULL},
                                      {"get", (PyCFunction)loner_get, METH_NOARGS, NULL},
                                      {"get_paid", (PyCFunction)loner_get_paid, METH_NOARGS, NULL},
                                      {"keep", (PyCFunction)loner_keep_unpaid, METH_O, NULL},
                                      {NULL, NULL, 0, NULL}};
static PyMemberDef loner_members[] = {{"anything", T_OBJECT, offsetof(Loner, anything), 0, NULL},
                                      {"text", T_OBJECT, offsetof(Loner, text), READONLY, NULL},
                                      {NULL, 0, 0, 0, NULL}};

PyTypeObject Loner_Type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "sample.Loner",
    .tp_basicsize = sizeof(Loner),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_dealloc = (destructor)loner_dealloc,
    .tp_methods = loner_methods,
    .tp_members = loner_members,
};

// --- all right -------------------------------------------------------------------------------------------------------

typedef struct {
  PyObject_HEAD PyObject* callback;
} Whole;

static int whole_traverse(Whole* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(self->callback);
  return 0;
}

static int whole_clear(Whole* self) {
  Py_CLEAR(self->callback);
  return 0;
}

static void whole_dealloc(Whole* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  whole_clear(self);
  type->tp_free((PyObject*)self);
  Py_DECREF(type);
}

static PyObject* whole_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  Whole* self = (Whole*)type->tp_alloc(type, 0);
  if (!self) return NULL;
  self->callback = PyObject_CallNoArgs(args);
  if (!self->callback) {
    Py_DECREF(self);
    return NULL;
  }
  return (PyObject*)self;
}

static PyObject* whole_new_leaky(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  Whole* self = (Whole*)type->tp_alloc(type, 0);  // expect: py-leak
  if (!self) return NULL;
  self->callback = PyObject_CallNoArgs(args);
  if (!self->callback) return NULL;
  return (PyObject*)self;
}

static PyType_Slot whole_slots[] = {{Py_tp_new, whole_new},
                                    {Py_tp_traverse, whole_traverse},
                                    {Py_tp_clear, whole_clear},
                                    {Py_tp_dealloc, whole_dealloc},
                                    {0, NULL}};
PyType_Spec whole_spec = {"sample.Whole", sizeof(Whole), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, whole_slots};

static int careless_traverse(Whole* self, visitproc visit, void* arg) {
  Py_VISIT(self->callback);
  return 0;
}
static PyType_Slot careless_slots[] = {
    {Py_tp_new, whole_new_leaky}, {Py_tp_traverse, careless_traverse}, {Py_tp_clear, whole_clear}, {0, NULL}};
PyType_Spec careless_spec = {"sample.Careless", sizeof(Whole), 0,  // expect-note: py-traverse
                             Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, careless_slots};

// clang-format off
PyTypeObject Untraversed_Type = {  // expect: py-traverse
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "sample.Untraversed",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
};
