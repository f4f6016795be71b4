// Counts of references along the paths of one function, right and wrong.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>

// --- leaks -----------------------------------------------------------------------------------------------------------

static PyObject* leak_on_error(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(0);  // expect: py-leak
  if (list == NULL) return NULL;
  PyObject* item = PyLong_FromLong(1);
  if (item == NULL) return NULL;
  if (PyList_Append(list, item) < 0) {
    Py_DECREF(item);
    Py_DECREF(list);
    return NULL;
  }
  Py_DECREF(item);
  return list;
}

static PyObject* no_leak_on_error(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(0);
  if (!list) return NULL;
  PyObject* item = PyLong_FromLong(1);
  if (!item) goto failed;
  if (PyList_Append(list, item) < 0) goto failed;
  Py_DECREF(item);
  return list;
failed:
  Py_XDECREF(item);
  Py_DECREF(list);
  return NULL;
}

static PyObject* leak_of_temporary(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(0);
  if (!list) return NULL;
  PyList_Append(list, PyLong_FromLong(1));  // expect: py-leak
  return list;
}

static PyObject* leak_by_overwriting(PyObject* self, PyObject* args) {
  PyObject* text = PyUnicode_FromString("a");  // expect: py-leak
  text = PyUnicode_FromString("b");
  return text;
}

static PyObject* no_leak_by_overwriting(PyObject* self, PyObject* args) {
  PyObject* text = PyUnicode_FromString("a");
  Py_XDECREF(text);
  text = PyUnicode_FromString("b");
  return text;
}

static PyObject* leak_in_loop(PyObject* self, PyObject* args) {
  PyObject* dict = PyDict_New();
  if (!dict) return NULL;
  for (int i = 0; i < 10; ++i) {
    PyObject* key = PyLong_FromLong(i);  // expect: py-leak
    if (!key) {
      Py_DECREF(dict);
      return NULL;
    }
    PyDict_SetItem(dict, key, Py_None);
  }
  return dict;
}

static PyObject* no_leak_in_loop(PyObject* self, PyObject* args) {
  PyObject* dict = PyDict_New();
  if (!dict) return NULL;
  for (int i = 0; i < 10; ++i) {
    PyObject* key = PyLong_FromLong(i);
    if (!key || PyDict_SetItem(dict, key, Py_None) < 0) {
      Py_XDECREF(key);
      Py_DECREF(dict);
      return NULL;
    }
    Py_DECREF(key);
  }
  return dict;
}

static PyObject* no_leak_of_iterator(PyObject* self, PyObject* iterable) {
  PyObject *iterator = PyObject_GetIter(iterable), *item;
  if (!iterator) return NULL;
  while ((item = PyIter_Next(iterator)) != NULL) {
    PyObject_IsTrue(item);
    Py_DECREF(item);
  }
  Py_DECREF(iterator);
  if (PyErr_Occurred()) return NULL;
  Py_RETURN_NONE;
}

static PyObject* leak_of_iterator(PyObject* self, PyObject* iterable) {
  PyObject *iterator = PyObject_GetIter(iterable), *item;
  if (!iterator) return NULL;
  while ((item = PyIter_Next(iterator))) {  // expect: py-leak
    if (PyObject_IsTrue(item) < 0) break;
    Py_DECREF(item);
  }
  Py_DECREF(iterator);
  Py_RETURN_NONE;
}

static PyObject* leak_of_taken_reference(PyObject* self, PyObject* dict) {
  PyObject* value = PyDict_GetItemString(dict, "key");
  if (!value) Py_RETURN_NONE;
  Py_INCREF(value);  // expect: py-leak
  if (PyObject_IsTrue(value) < 0) return NULL;
  return value;
}

static PyObject* leak_of_second_reference(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(0);  // expect: py-leak
  Py_XINCREF(list);
  return list;
}

static PyObject* leak_after_build_value(PyObject* self, PyObject* args) {
  PyObject* number = PyLong_FromLong(1);  // expect: py-leak
  if (!number) return NULL;
  return Py_BuildValue("(O)", number);
}

static PyObject* no_leak_after_build_value(PyObject* self, PyObject* args) {
  PyObject *number = PyLong_FromLong(1), *other = PyLong_FromLong(2);
  if (!number || !other) {
    Py_XDECREF(number);
    Py_XDECREF(other);
    return NULL;
  }
  PyObject* both = Py_BuildValue("{s:N,s:O}", "a", number, "b", other);
  Py_DECREF(other);
  return both;
}

static PyObject* leak_of_attribute(PyObject* self, PyObject* object) {
  PyObject* name = PyObject_GetAttrString(object, "name");  // expect: py-leak
  if (!name) return NULL;
  const char* text = PyUnicode_AsUTF8(name);
  if (!text) return NULL;
  Py_DECREF(name);
  return PyUnicode_FromString(text + 1);
}

static int leak_in_status_function(PyObject* object) {
  PyObject* size = PyObject_GetAttrString(object, "size");  // expect: py-leak
  if (!size) return -1;
  if (!PyLong_Check(size)) {
    PyErr_SetString(PyExc_TypeError, "size");
    return -1;
  }
  long number = PyLong_AsLong(size);
  Py_DECREF(size);
  return number > 0;
}

static PyObject* no_leak_by_flag(PyObject* self, PyObject* object) {
  int owned = 0;
  PyObject* text = object;
  if (!PyUnicode_Check(object)) {
    text = PyObject_Str(object);
    if (!text) return NULL;
    owned = 1;
  }
  Py_ssize_t length = PyUnicode_GetLength(text);
  if (owned) Py_DECREF(text);
  return PyLong_FromSsize_t(length);
}

static PyObject* no_leak_by_same_condition(PyObject* self, PyObject* args) {
  PyObject *object, *text = NULL;
  int raw = 0;
  if (!PyArg_ParseTuple(args, "O|p", &object, &raw)) return NULL;
  if (!raw) {
    text = PyObject_Str(object);
    if (!text) return NULL;
  }
  if (raw) Py_RETURN_TRUE;
  Py_DECREF(text);
  Py_RETURN_NONE;
}

static PyObject* no_leak_through_alias(PyObject* self, PyObject* args) {
  PyObject* first = PyList_New(0);
  PyObject* second = first;
  if (!second) return NULL;
  return second;
}

static PyObject* no_leak_of_tuple(PyObject* self, PyObject* args) {
  PyObject* tuple = PyTuple_New(2);
  if (!tuple) return NULL;
  PyTuple_SET_ITEM(tuple, 0, PyLong_FromLong(1));
  PyTuple_SetItem(tuple, 1, PyLong_FromLong(2));
  return tuple;
}

static PyObject* no_leak_when_cleared(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(0);
  Py_CLEAR(list);
  Py_RETURN_NONE;
}

static PyObject* no_leak_when_kept_in_memory(PyObject* self, PyObject* args) {
  static PyObject* cache = NULL;
  if (!cache) cache = PyDict_New();
  Py_XINCREF(cache);
  return cache;
}

static PyObject* no_leak_by_foreign_function(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(0);
  qsort(list, 1, 1, NULL);  // nobody knows what it does with it
  Py_RETURN_NONE;
}

static PyObject* leak_of_error(PyObject* self, PyObject* args) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);  // expect: py-leak
  if (type == NULL) Py_RETURN_NONE;
  Py_XDECREF(value);
  Py_XDECREF(trace);
  Py_RETURN_NONE;
}

static PyObject* leak_of_ignored_result(PyObject* self, PyObject* args) {
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  PyObject_CallMethod(self, "f", "N", PyLong_FromLong(1));  // expect: py-leak
  PyErr_Restore(type, value, trace);
  return NULL;
}

static PyObject* no_leak_by_append_and_del(PyObject* self, PyObject* args) {
  PyObject* text = PyUnicode_FromString("a");
  PyUnicode_AppendAndDel(&text, PyUnicode_FromString("b"));
  return text;
}

static PyObject* leak_by_concat(PyObject* self, PyObject* args) {
  PyObject* text = PyBytes_FromString("a");
  PyBytes_Concat(&text, PyBytes_FromString("b"));  // expect: py-leak
  return text;
}

static PyObject* leak_in_switch(PyObject* self, PyObject* args) {
  PyObject* result = PyDict_New();  // expect: py-leak
  if (!result) return NULL;
  switch (PyTuple_Size(args)) {
    case 0:
      return result;
    case 1:
      PyErr_SetString(PyExc_TypeError, "one");
      return NULL;
    default:
      Py_DECREF(result);
      Py_RETURN_NONE;
  }
}

// --- helpers: what they do is read, not guessed ----------------------------------------------------------------------

static PyObject* make_list(void) { return PyList_New(0); }
static PyObject* make_list_twice_removed(void) { return make_list(); }
static PyObject* lend_item(PyObject* list) { return PyList_GetItem(list, 0); }
static void take_over(PyObject* object) { Py_XDECREF(object); }
static void take_over_later(PyObject* object) { take_over(object); }
static int look_at(PyObject* object) { return PyObject_IsTrue(object); }

static PyObject* leak_of_helpers_result(PyObject* self, PyObject* args) {
  PyObject* list = make_list_twice_removed();  // expect: py-leak
  if (!list) return NULL;
  if (look_at(list) < 0) return NULL;
  return list;
}

static PyObject* no_leak_of_borrowed_result(PyObject* self, PyObject* list) {
  PyObject* item = lend_item(list);
  if (!item) return NULL;
  Py_INCREF(item);
  return item;
}

static PyObject* no_leak_into_helper(PyObject* self, PyObject* args) {
  PyObject* list = make_list();
  take_over_later(list);
  Py_RETURN_NONE;
}

static PyObject* leak_past_helper(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(0);  // expect: py-leak
  if (!list) return NULL;
  look_at(list);
  Py_RETURN_NONE;
}

// --- borrowed references ---------------------------------------------------------------------------------------------

static PyObject* returns_borrowed(PyObject* self, PyObject* list) {
  PyObject* item = PyList_GetItem(list, 0);
  if (!item) return NULL;
  return item;  // expect: py-borrowed
}

static PyObject* returns_owned(PyObject* self, PyObject* list) {
  PyObject* item = PyList_GetItem(list, 0);
  Py_XINCREF(item);
  return item;
}

static PyObject* returns_none_unpaid(PyObject* self, PyObject* args) {
  return Py_None;  // expect: py-borrowed
}

static PyObject* returns_none_paid_before(PyObject* self, PyObject* args) {
  PyObject* result = Py_None;
  Py_INCREF(Py_None);
  return result;
}

static PyObject* returns_its_argument(PyObject* self, PyObject* argument) {
  return argument;  // expect: py-borrowed
}

static PyObject* returns_its_argument_paid(PyObject* self, PyObject* argument) { return Py_NewRef(argument); }

static PyObject* returns_self(PyObject* self, PyObject* args) {
  Py_INCREF(self);
  return self;
}

static PyObject* returns_macro_item(PyObject* self, PyObject* args) {
  return PyTuple_GET_ITEM(args, 0);  // expect: py-borrowed
}

static PyObject* mixes_new_and_borrowed(PyObject* dict, PyObject* key) {
  PyObject* found = PyDict_GetItem(dict, key);
  if (found) return found;  // expect: py-borrowed
  return PyLong_FromLong(0);
}

static PyObject* always_lends(PyObject* dict, PyObject* key) { return PyDict_GetItem(dict, key); }

static PyObject* gives_borrowed_away(PyObject* self, PyObject* list) {
  PyObject* tuple = PyTuple_New(1);
  if (!tuple) return NULL;
  PyTuple_SET_ITEM(tuple, 0, PyList_GetItem(list, 0));  // expect: py-borrowed
  return tuple;
}

static PyObject* gives_borrowed_away_paid_later(PyObject* self, PyObject* list) {
  PyObject *tuple = PyTuple_New(1), *item = PyList_GetItem(list, 0);
  if (!tuple) return NULL;
  PyTuple_SET_ITEM(tuple, 0, item);
  Py_XINCREF(item);
  return tuple;
}

static PyObject* gives_none_away(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(1);
  if (!list) return NULL;
  PyList_SET_ITEM(list, 0, Py_None);  // expect: py-borrowed
  return list;
}

static PyObject* gives_argument_away(PyObject* self, PyObject* argument) {
  PyObject* list = PyList_New(1);
  if (!list) return NULL;
  PyList_SetItem(list, 0, argument);  // expect: py-borrowed
  return list;
}

static PyObject* builds_with_borrowed(PyObject* self, PyObject* list) {
  return Py_BuildValue("(N)", PyList_GetItem(list, 0));  // expect: py-borrowed
}

static PyObject* uses_item_of_released_list(PyObject* self, PyObject* dict) {
  PyObject* list = PyDict_Values(dict);
  if (!list) return NULL;
  PyObject* item = PyList_GetItem(list, 0);
  Py_DECREF(list);
  return PyObject_Str(item);  // expect: py-borrowed
}

static PyObject* uses_item_before_release(PyObject* self, PyObject* dict) {
  PyObject* list = PyDict_Values(dict);
  if (!list) return NULL;
  PyObject* text = PyObject_Str(PyList_GetItem(list, 0));
  Py_DECREF(list);
  return text;
}

// --- released too often ----------------------------------------------------------------------------------------------

static PyObject* releases_borrowed(PyObject* self, PyObject* dict) {
  PyObject* value = PyDict_GetItemString(dict, "key");
  if (!value) Py_RETURN_NONE;
  Py_DECREF(value);  // expect: py-over-release
  Py_RETURN_NONE;
}

static PyObject* makes_or_returns_null_variable(PyObject* self) {
  PyObject* result = NULL;
  if (PyErr_Occurred()) goto done;
  result = PyList_New(0);
done:
  return result;
}

static PyObject* leaks_what_a_null_variable_may_be(PyObject* self, PyObject* args) {
  PyObject* list = makes_or_returns_null_variable(self);  // expect: py-leak
  if (!list) return NULL;
  return PyLong_FromSsize_t(PyList_Size(list));
}

struct Pair {
  PyObject *first, *second;
};
struct Source {
  int tag;
  PyObject* object;
};
extern struct Pair foreign_pair(void);

static PyObject* returns_part_of_a_result(PyObject* self, PyObject* args) {
  struct Pair pair = foreign_pair();
  return pair.first;
}

static PyObject* returns_what_looks_back(PyObject* self, PyObject* args) {
  struct Source* source = PyMem_Malloc(sizeof *source);
  PyObject* object = PyList_New(0);
  if (!object) return NULL;
  source->object = object;
  return source->object;
}

static PyObject* releases_what_was_kept(PyObject* self, PyObject* dict) {
  struct Source* source = PyMem_Malloc(sizeof *source);
  PyObject* value = PyDict_GetItemString(dict, "key");
  if (!value) Py_RETURN_NONE;
  source->object = value;
  Py_INCREF(source->object);
  Py_DECREF(source->object);
  Py_RETURN_NONE;
}

static PyObject* empties_a_tuple(PyObject* self, PyObject* tuple) {
  Py_XDECREF(PyTuple_GET_ITEM(tuple, 0));
  Py_RETURN_NONE;
}

static PyObject* releases_parsed_argument(PyObject* self, PyObject* args) {
  PyObject* object;
  if (!PyArg_ParseTuple(args, "O", &object)) return NULL;
  Py_DECREF(object);  // expect: py-over-release
  Py_RETURN_NONE;
}

static PyObject* releases_twice(PyObject* self, PyObject* args) {
  PyObject* list = PyList_New(0);
  if (!list) return NULL;
  int size = PyList_Size(list);
  Py_DECREF(list);
  if (size) Py_RETURN_NONE;
  Py_DECREF(list);  // expect: py-over-release
  Py_RETURN_NONE;
}

static PyObject* releases_after_stealing(PyObject* self, PyObject* args) {
  PyObject *tuple = PyTuple_New(1), *number = PyLong_FromLong(1);
  if (!tuple || !number) {
    Py_XDECREF(tuple);
    Py_XDECREF(number);
    return NULL;
  }
  PyTuple_SetItem(tuple, 0, number);
  Py_DECREF(number);  // expect: py-over-release
  return tuple;
}

static PyObject* releases_after_append(PyObject* self, PyObject* args) {
  PyObject *list = PyList_New(0), *number = PyLong_FromLong(1);
  if (!list || !number || PyList_Append(list, number) < 0) {
    Py_XDECREF(list);
    Py_XDECREF(number);
    return NULL;
  }
  Py_DECREF(number);
  return list;
}

static PyObject* releases_argument(PyObject* self, PyObject* argument) {
  Py_DECREF(argument);  // expect: py-over-release
  Py_RETURN_NONE;
}

static PyObject* releases_rebound_argument(PyObject* self, PyObject* argument) {
  argument = PyObject_Str(argument);
  Py_XDECREF(argument);
  Py_RETURN_NONE;
}

static PyObject* uses_after_release(PyObject* self, PyObject* args) {
  PyObject* text = PyUnicode_FromString("text");
  if (!text) return NULL;
  Py_DECREF(text);
  return PyLong_FromSsize_t(PyUnicode_GetLength(text));  // expect: py-over-release
}

static PyObject* uses_before_release(PyObject* self, PyObject* args) {
  PyObject* text = PyUnicode_FromString("text");
  if (!text) return NULL;
  Py_ssize_t length = PyUnicode_GetLength(text);
  Py_DECREF(text);
  return PyLong_FromSsize_t(length);
}

static PyObject* gives_away_twice(PyObject* self, PyObject* args) {
  PyObject *tuple = PyTuple_New(2), *number = PyLong_FromLong(1);
  if (!tuple || !number) {
    Py_XDECREF(tuple);
    Py_XDECREF(number);
    return NULL;
  }
  PyTuple_SET_ITEM(tuple, 0, number);
  PyTuple_SET_ITEM(tuple, 1, number);  // expect: py-over-release
  return tuple;
}

static PyObject* releases_none(PyObject* self, PyObject* args) {
  PyObject* result = Py_None;
  if (PyTuple_Size(args)) result = PyLong_FromLong(1);
  if (!result) return NULL;
  PyObject* text = PyObject_Str(result);
  Py_DECREF(result);  // expect: py-over-release
  return text;
}

static PyObject* uses_what_its_maker_keeps(PyObject* self, PyObject* dict) {
  PyObject* value = PyObject_CallMethod(dict, "setdefault", "iO", 1, dict);
  if (!value) return NULL;
  Py_DECREF(value);  // the dict holds it
  return PyObject_Str(value);
}

static PyObject* swaps_items(PyObject* self, PyObject* tuple) {
  PyObject* before = PyTuple_GET_ITEM(tuple, 0);
  PyTuple_SET_ITEM(tuple, 0, self);
  PyObject* result = PyObject_Str(tuple);
  PyTuple_SET_ITEM(tuple, 0, before);
  return result;
}

static PyObject* tells_none_apart(PyObject* self, PyObject* list) {
  PyObject* result = Py_None;
  if (PyList_Size(list)) result = PyObject_Str(list);
  if (result == Py_None) Py_RETURN_NONE;
  return result;
}

static int converts(PyObject* text, PyObject** key, PyObject** value) {
  PyObject* k = NULL;
  if (key) {
    k = PyObject_Str(text);
    if (!k) return -1;
  }
  if (value) {
    *value = PyObject_Repr(text);
    if (!*value) {
      Py_XDECREF(k);
      return -1;
    }
  }
  if (key) *key = k;
  return 0;
}

static void let_go(PyObject** object) { Py_XDECREF(*object); }

static PyObject* cleans_up(PyObject* self, PyObject* object) {
  __attribute__((cleanup(let_go))) PyObject* text = PyObject_Str(object);
  if (!text) return NULL;
  return PyLong_FromSsize_t(PyUnicode_GetLength(text));
}

static PyObject* resized(PyObject* bytes, Py_ssize_t size) {
  if (_PyBytes_Resize(&bytes, size) < 0) return NULL;
  return bytes;
}

static PyObject* grows(PyObject* self, PyObject* args) {
  PyObject* bytes = PyBytes_FromStringAndSize(NULL, 10);
  if (!bytes) return NULL;
  bytes = resized(bytes, 20);
  return bytes;
}

#define METHOD(name) {#name, name, METH_O, NULL}
static PyMethodDef methods[] = {METHOD(leak_on_error),
                                METHOD(no_leak_on_error),
                                METHOD(leak_of_temporary),
                                METHOD(leak_by_overwriting),
                                METHOD(no_leak_by_overwriting),
                                METHOD(leak_in_loop),
                                METHOD(no_leak_in_loop),
                                METHOD(no_leak_of_iterator),
                                METHOD(leak_of_iterator),
                                METHOD(leak_of_taken_reference),
                                METHOD(leak_of_second_reference),
                                METHOD(leak_after_build_value),
                                METHOD(no_leak_after_build_value),
                                METHOD(leak_of_attribute),
                                METHOD(no_leak_by_flag),
                                METHOD(no_leak_by_same_condition),
                                METHOD(no_leak_through_alias),
                                METHOD(no_leak_of_tuple),
                                METHOD(no_leak_when_cleared),
                                METHOD(no_leak_when_kept_in_memory),
                                METHOD(no_leak_by_foreign_function),
                                METHOD(leak_of_error),
                                METHOD(leak_of_ignored_result),
                                METHOD(no_leak_by_append_and_del),
                                METHOD(leak_by_concat),
                                METHOD(leak_in_switch),
                                METHOD(leak_of_helpers_result),
                                METHOD(no_leak_of_borrowed_result),
                                METHOD(no_leak_into_helper),
                                METHOD(leak_past_helper),
                                METHOD(returns_borrowed),
                                METHOD(returns_owned),
                                METHOD(returns_none_unpaid),
                                METHOD(returns_none_paid_before),
                                METHOD(returns_its_argument),
                                METHOD(returns_its_argument_paid),
                                METHOD(returns_self),
                                METHOD(returns_macro_item),
                                METHOD(gives_borrowed_away),
                                METHOD(gives_borrowed_away_paid_later),
                                METHOD(gives_none_away),
                                METHOD(gives_argument_away),
                                METHOD(builds_with_borrowed),
                                METHOD(uses_item_of_released_list),
                                METHOD(uses_item_before_release),
                                METHOD(releases_borrowed),
                                METHOD(leaks_what_a_null_variable_may_be),
                                METHOD(returns_part_of_a_result),
                                METHOD(returns_what_looks_back),
                                METHOD(releases_what_was_kept),
                                METHOD(empties_a_tuple),
                                METHOD(releases_parsed_argument),
                                METHOD(releases_twice),
                                METHOD(releases_after_stealing),
                                METHOD(releases_after_append),
                                METHOD(releases_argument),
                                METHOD(releases_rebound_argument),
                                METHOD(uses_after_release),
                                METHOD(uses_before_release),
                                METHOD(gives_away_twice),
                                METHOD(releases_none),
                                METHOD(uses_what_its_maker_keeps),
                                METHOD(swaps_items),
                                METHOD(tells_none_apart),
                                METHOD(cleans_up),
                                METHOD(grows),
                                {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "sample", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_sample(void) {
  leak_in_status_function(Py_None);
  always_lends(Py_None, Py_None);
  converts(Py_None, NULL, NULL);
  mixes_new_and_borrowed(Py_None, Py_None);
  return PyModule_Create(&module);
}
