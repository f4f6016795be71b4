"""Every way into a Python program under `reftally run`: one dump a process, and the program as it was without.

    entries_test.py REFTALLY
"""

import glob
import os
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


class EntriesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="reftally-entry-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_under(self, *command, text=None):
        done = subprocess.run([reftally_command, "run", "--no-analyze", "-o", self.folder, "--", *command],
                              cwd=self.folder, input=text or "", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              universal_newlines=True, timeout=120)
        return done, glob.glob(os.path.join(self.folder, "*.tally"))

    def expect_one(self, *command, text=None, arguments=1):
        done, dumps = self.run_under(*command, text=text)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, f"out {arguments}\n", ""))
        self.assertEqual(len(dumps), 1)
        told = subprocess.run([reftally_command, "info", dumps[0]], stdout=subprocess.PIPE, text=True).stdout
        self.assertIn("DOBJ", told)

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
        """CPython takes new locks there, and frees none of the old."""
        done, dumps = self.run_under(sys.executable, self.script(FAMILY), "fork")
        self.assertGreaterEqual(len(dumps), 3, done.stderr)
        for dump in dumps:
            told = subprocess.run([reftally_command, "analyze", dump], stdout=subprocess.PIPE, text=True).stdout
            self.assertIn("no findings", told)

    def test_a_child_that_ends_by_exit_without_cleaning(self):
        done, dumps = self.run_under(sys.executable, "-c", FORK)
        self.assertEqual((done.returncode, done.stdout), (0, "0\n"), done.stderr)
        self.assertEqual(len(dumps), 2)


if __name__ == "__main__":
    unittest.main()
