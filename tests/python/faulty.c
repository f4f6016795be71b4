/* Types whose tp_traverse fails where it is not the program that calls it: by a wrong pointer, and by a call that never
   ends, until there is no stack. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <unistd.h>

static pid_t home;

static int crash(PyObject *self, visitproc visit, void *arg) {
  if (getpid() == home) return 0;
  return visit((PyObject *)8, arg);
}

static int descend(PyObject *self, visitproc visit, void *arg) {
  volatile char room[4096];
  if (getpid() == home) return 0;
  room[0] = 0;
  return descend(self, visit, arg) + room[0];
}

static PyType_Slot crasher_slots[] = {{Py_tp_traverse, crash}, {0, NULL}};
static PyType_Slot descender_slots[] = {{Py_tp_traverse, descend}, {0, NULL}};
#define FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC)
static PyType_Spec specs[] = {{"faulty.Crasher", sizeof(PyObject), 0, FLAGS, crasher_slots},
                              {"faulty.Descender", sizeof(PyObject), 0, FLAGS, descender_slots}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "faulty", NULL, -1, NULL};

PyMODINIT_FUNC PyInit_faulty(void) {
  home = getpid();
  PyObject *module = PyModule_Create(&definition);
  if (module == NULL) return NULL;
  for (int i = 0; i < 2; i++)
    if (PyModule_AddObject(module, i == 0 ? "Crasher" : "Descender", PyType_FromSpec(&specs[i])) < 0) return NULL;
  return module;
}
