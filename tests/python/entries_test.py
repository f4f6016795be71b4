"""Every way into a Python program under `reftally run`: one dump a process, and the program as it was without.

    entries_test.py REFTALLY
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

reftally_command = os.path.abspath(sys.argv.pop(1))
PROGRAM = "import sys; print('out', len(sys.argv)); sys.exit(3)"
FAMILY = """
import multiprocessing, os, sys

def work(number):
    return number * 2

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(sum(pool.map(work, range(10))))
        pool.close()
        pool.join()
"""
FORK = """
import os
child = os.fork()
if child == 0:
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""
LOSES_AFTER_FORK = """
import ctypes, os, threading
allocate = ctypes.CDLL(None).malloc
allocate.restype = ctypes.c_void_p
release = threading.Event()
waiting = threading.Thread(target=release.wait)
waiting.start()
child = os.fork()
if child == 0:
    os._exit(sum(allocate(32) is None for _ in range(5)))
print(os.waitpid(child, 0)[1])
release.set()
waiting.join()
"""
LOSES_BEFORE_FORK = """
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
void* volatile last;
int main(void) {
  for (int i = 0; i < 5; i++) last = calloc(1, 32);
  last = NULL;
  if (fork() != 0) wait(NULL);
  return 0;
}
"""


class EntriesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="reftally-entry-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_under(self, *command, text=None, options=()):
        done = subprocess.run([reftally_command, "run", "--no-analyze", *options, "-o", self.folder, "--", *command],
                              cwd=self.folder, input=text or "", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, timeout=120)
        return done, glob.glob(os.path.join(self.folder, "*.tally"))

    def expect_one(self, *command, text=None, arguments=1):
        done, dumps = self.run_under(*command, text=text)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, f"out {arguments}\n", ""))
        self.assertEqual(len(dumps), 1)
        told = subprocess.run([reftally_command, "info", dumps[0]], stdout=subprocess.PIPE, text=True).stdout
        self.assertIn("DOBJ", told)

    def findings(self, dump):
        told = subprocess.run([reftally_command, "analyze", "--format", "json", dump], stdout=subprocess.PIPE, text=True)
        return json.loads(told.stdout)["findings"]

    def script(self, text, name="app.py"):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_a_script(self):
        self.expect_one(sys.executable, self.script(PROGRAM), "argument", arguments=2)

    def test_a_command(self):
        self.expect_one(sys.executable, "-c", PROGRAM)

    def test_an_interpreter_that_checks_its_memory(self):
        self.expect_one(sys.executable, "-X", "dev", "-c", PROGRAM)

    def test_a_module(self):
        self.script(PROGRAM)
        self.expect_one(sys.executable, "-m", "app")

    def test_standard_input(self):
        self.expect_one(sys.executable, "-", text=PROGRAM)

    def test_a_virtual_environment(self):
        home = os.path.join(self.folder, "venv")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
        self.expect_one(os.path.join(home, "bin", "python"), self.script(PROGRAM))

    def test_children_of_multiprocessing(self):
        for method in ("fork", "spawn"):
            with self.subTest(method):
                for old in glob.glob(os.path.join(self.folder, "*.tally")):
                    os.unlink(old)
                done, dumps = self.run_under(sys.executable, self.script(FAMILY), method)
                self.assertEqual((done.returncode, done.stdout), (0, "90\n"), done.stderr)
                self.assertGreaterEqual(len(dumps), 3)  # spawn has a tracker of resources too

    def test_a_forked_child_has_no_findings(self):
        """CPython takes new locks there, and frees none of the old. What importing left is a note without births."""
        for options in ((), ("--no-stacks",)):
            with self.subTest(options):
                for old in glob.glob(os.path.join(self.folder, "*.tally")):
                    os.unlink(old)
                done, dumps = self.run_under(sys.executable, self.script(FAMILY), "fork", options=options)
                self.assertGreaterEqual(len(dumps), 3, done.stderr)
                for dump in dumps:
                    told = self.findings(dump)
                    self.assertEqual([finding for finding in told if not options or finding["severity"] != "note"], [])

    def test_a_block_of_a_locks_size_that_a_forked_child_loses_is_told(self):
        done, dumps = self.run_under(sys.executable, self.script(LOSES_AFTER_FORK), options=("--no-stacks",))
        self.assertEqual((done.returncode, done.stdout), (0, "0\n"), done.stderr)
        told = [finding for dump in dumps for finding in self.findings(dump)]
        self.assertEqual([finding["rule"] for finding in told if finding["severity"] != "note"], ["unreachable-block"])

    @unittest.skipIf(shutil.which("cc") is None, "no compiler")
    def test_a_program_in_c_that_forks_is_told_of_what_looks_like_locks(self):
        program = os.path.join(self.folder, "program")
        subprocess.run(["cc", "-x", "c", "-O1", "-", "-o", program], input=LOSES_BEFORE_FORK, text=True, check=True)
        _, dumps = self.run_under(program, options=("--no-stacks",))
        told = [[finding["rule"] for finding in self.findings(dump)] for dump in dumps]
        self.assertEqual(told, [["unreachable-block"], ["unreachable-block"]])

    def test_a_child_that_ends_by_exit_without_cleaning(self):
        done, dumps = self.run_under(sys.executable, "-c", FORK)
        self.assertEqual((done.returncode, done.stdout), (0, "0\n"), done.stderr)
        self.assertEqual(len(dumps), 2)


if __name__ == "__main__":
    unittest.main()
