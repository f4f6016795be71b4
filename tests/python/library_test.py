"""What the interpreter's own library and the making of modules leave behind is nobody's mistake; a program's own is told.

    library_test.py REFTALLY PACKAGE_FOLDER
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest

reftally_command, package = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
ENDS_WITH_A_JUMP = """
#include <Python.h>
void *volatile last;
static PyObject *lose(PyObject *module, PyObject *unused) {
  for (int i = 0; i < 50; i++) last = malloc(700);
  last = NULL;
  Py_RETURN_NONE;
}
static PyMethodDef functions[] = {{"lose", lose, METH_NOARGS, NULL}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "jumping", NULL, -1, functions};
__attribute__((noinline)) PyObject *make(struct PyModuleDef *module) {
  for (int i = 0; i < 5; i++) last = malloc(600);
  last = NULL;
  PyObject *volatile made = PyModule_Create(module);
  return made;
}
PyMODINIT_FUNC PyInit_jumping(void) { return make(&definition); }
"""
PLAIN = """
#include <Python.h>
void *volatile kept;
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "plain", NULL, -1};
PyMODINIT_FUNC PyInit_plain(void) {
  kept = malloc(800);
  return PyModule_Create(&definition);
}
"""
SERVER = """
import asyncio, gc
gc.disable()

class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(data)

class Session:
    def __init__(self):
        self.me = self
    def __del__(self):
        pass

async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    for _ in range(10):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"text")
        await reader.readexactly(4)
        writer.close()
        await asyncio.sleep(0.01)
    server.close()

for _ in range(3):
    Session()
asyncio.run(main())
"""
WEAK = """
import collections, gc, sys, weakref
sys.path.insert(0, {package!r})
import reftally
gc.disable()

class Node:
    def __init__(self):
        self.me = self

seen, by_name = weakref.WeakSet(), weakref.WeakValueDictionary()
latest, every = collections.deque(maxlen=1000), collections.deque()
paths = []
for turn in range(3):
    for number in range(100):
        node = Node()
        seen.add(node)
        by_name[str((turn, number))] = node
        class Kind(Node): pass
        latest.append([turn])
        every.append((turn, number))
    paths.append(reftally.dump())
print(*paths)
"""
LISTENERS = """
import sys
sys.path.insert(0, {package!r})
import reftally

class Report:
    def on_change(self):
        pass

listeners, paths = [], []
for turn in range(3):
    for number in range(50):
        listeners.append((number, Report().on_change))
    paths.append(reftally.dump())
print(*paths)
"""
FILLS_METHOD_CACHE = """
import io
names = [f"name_{number}" for number in range(8000)]
buffer = io.BytesIO()  # its __sizeof__ asks for that of its bytes
buffer.write(b"text" * 100)
for number in range(16):  # with version tags in a row every slot of the cache gets a name
    kind = type("Kind", (), dict.fromkeys(names))
    for name in names:
        getattr(kind, name)
"""
HOARDING = """
#include <Python.h>
static void **table;
static int count;
static PyObject *hoard(PyObject *module, PyObject *unused) {
  if (table == NULL) table = calloc(1000, sizeof *table);
  table[count++] = malloc(900);
  Py_RETURN_NONE;
}
static PyMethodDef functions[] = {{"hoard", hoard, METH_NOARGS, NULL}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "hoarding", NULL, -1, functions};
PyMODINIT_FUNC PyInit_hoarding(void) { return PyModule_Create(&definition); }
"""
HOARDER = """
import sys
sys.path.insert(0, {folder!r})
import hoarding, reftally
every = []
for turn in range(3):
    for number in range(100):
        hoarding.hoard()
        {also}
    reftally.dump()
"""


class LibraryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="reftally-library-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def compile(self, name, source):
        include = sysconfig.get_path("include")
        if shutil.which("cc") is None or not os.path.exists(os.path.join(include, "Python.h")):
            self.skipTest("no compiler, or no Python.h for this interpreter")
        target = os.path.join(self.folder, name + sysconfig.get_config_var("EXT_SUFFIX"))
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-w", "-I", include, "-x", "c", "-", "-o", target],
                       input=source, text=True, check=True)

    def findings_of_run(self, program):
        report = os.path.join(self.folder, "report.json")
        command = [reftally_command, "run", "-o", self.folder, "--format", "json", "--report", report]
        subprocess.run([*command, "--", sys.executable, "-c", program], check=True, timeout=120)
        with open(report) as text:
            return json.load(text)["findings"]

    def growing_of(self, program):
        """By type, after three snapshots."""
        script = os.path.join(self.folder, "program.py")
        with open(script, "w") as file:
            file.write(program.replace("{package!r}", repr(package)))
        printed = subprocess.run([sys.executable, script], cwd=self.folder, check=True, stdout=subprocess.PIPE,
                                 text=True).stdout
        first, second, third = printed.split()
        return self.growing_since(third, first, second)

    def growing_since(self, third, first, second):
        told = subprocess.run([reftally_command, "analyze", third, "--since", first, "--since", second, "-f", "json"],
                              stdout=subprocess.PIPE, text=True).stdout
        return {finding["members"][0]["type"]: finding for finding in json.loads(told)["findings"]
                if finding["rule"] == "growing-path"}

    def test_a_module_maker_that_ends_with_a_jump_is_known(self):
        self.compile("jumping", ENDS_WITH_A_JUMP)
        self.compile("plain", PLAIN)
        program = f"import sys; sys.path.insert(0, {self.folder!r}); import plain, jumping"
        for calls, sizes in (("", []), ("; jumping.lose()", ["block of 700 bytes"])):
            with self.subTest(calls):
                told = self.findings_of_run(program + calls)
                lost = [finding["members"][0]["type"] for finding in told if finding["rule"] == "unreachable-block"]
                self.assertEqual(lost, sizes)

    def test_a_size_asked_for_in_a_snapshot_changes_no_count_that_it_tells(self):
        told = self.findings_of_run(FILLS_METHOD_CACHE)
        self.assertEqual([finding["summary"] for finding in told if finding["rule"] == "over-release"], [])

    def test_finalizers_of_closed_transports_are_a_note(self):
        told = self.findings_of_run(SERVER)
        severities = {finding["subject"]: finding["severity"] for finding in told
                      if finding["rule"] == "finalizer-in-cycle"}
        self.assertEqual(severities.pop("__main__.Session"), "warning")
        self.assertTrue(all(subject.startswith("asyncio.") for subject in severities), severities)
        self.assertEqual(set(severities.values()) - {"note"}, set())

    def test_what_takes_out_its_dead_by_itself_does_not_grow_and_what_has_a_bound_is_a_note(self):
        growing = self.growing_of(WEAK)
        self.assertEqual({name: finding["severity"] for name, finding in growing.items()},
                         {"tuple": "warning", "list": "note"})
        self.assertIn("the deque has a bound (maxlen)", growing["list"]["evidence"][-1])

    def test_a_registry_of_methods_says_whose_they_are(self):
        growing = self.growing_of(LISTENERS)
        self.assertEqual(list(growing), ["tuple"])
        self.assertIn("nearest below them: 150 __main__.Report", growing["tuple"]["evidence"])

    def test_what_grows_without_a_name_is_a_note_beside_what_grows_with_one(self):
        self.compile("hoarding", HOARDING)
        for also, wanted in (("pass", {"block of 900 bytes": "warning"}),
                             ("every.append((number, turn))", {"block of 900 bytes": "note", "tuple": "warning"})):
            with self.subTest(also):
                for old in glob.glob(os.path.join(self.folder, "*.tally")):
                    os.unlink(old)
                program = HOARDER.replace("{folder!r}", repr(self.folder)).replace("{also}", also)
                subprocess.run([reftally_command, "run", "--no-analyze", "-o", self.folder, "--", sys.executable, "-c",
                                program], check=True, timeout=120)
                first, second, third, _ = sorted(glob.glob(os.path.join(self.folder, "*.tally")))
                growing = self.growing_since(third, first, second)
                self.assertEqual({name: finding["severity"] for name, finding in growing.items()}, wanted)


if __name__ == "__main__":
    unittest.main()
