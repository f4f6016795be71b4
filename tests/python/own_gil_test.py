"""Interpreters with a GIL of their own (PEP 684, CPython 3.12 and later) beside the one that is recorded.

    own_gil_test.py REFTALLY

Threads of theirs allocate, and make and drop code, at the same time as the recorded interpreter: they must not come
into its tables, where they made the program hang or crash, and its objects must have the births that are theirs.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

reftally_command = os.path.abspath(sys.argv.pop(1))
PROGRAM = """
import gc, threading
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

work = '''
def one(n):
    return [object() for _ in range(n)] + [str(n) * 3, {"a": n}]
def deep(depth, n):
    return [deep(depth - 1, n)] if depth else one(n)
kept = []
for k in range(8000):
    space = {}
    exec(f"def made_{k}(n): return [bytearray(700 + n), list(range(n))]", space)
    kept.append(space[f"made_{k}"](k % 50))
    kept.append(deep(k % 9, k % 40))
    if len(kept) > 400:
        del kept[:]
'''

class Node: pass

def make():
    node = Node()
    node.me = node

def other():
    interpreter = interpreters.create()
    interpreters.run_string(interpreter, work)
    interpreters.destroy(interpreter)

threads = [threading.Thread(target=other) for _ in range(3)]
for thread in threads: thread.start()
exec(work, {})
gc.collect()
gc.disable()
for _ in range(500): make()
for thread in threads: thread.join()
print("done")
"""


LEAVING = """
import faulthandler, os, time
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

interpreter = interpreters.create()
faulthandler.dump_traceback_later(0.1, exit=True, file=open(os.devnull, "w"))  # _exit(1) from a thread without a GIL
time.sleep(60)
"""


def finished(command):
    """Its status and output. One that hangs is ended with all that it started."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)  # fmt: skip
    try:
        output, errors = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, output, errors


@unittest.skipIf(sys.version_info < (3, 12), "all interpreters share one GIL")
class OwnGilTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="reftally-own-gil-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_program(self, text, *options):
        program = os.path.join(self.folder, "app.py")
        with open(program, "w") as file:
            file.write(text)
        return finished([reftally_command, "run", *options, "-o", self.folder, "--", sys.executable, program])

    def test_their_threads_leave_the_tables_alone(self):
        report = os.path.join(self.folder, "report.json")
        for _ in range(3):
            status, output, _ = self.run_program(PROGRAM, "--format", "json", "--report", report)
            self.assertEqual((status, output), (0, "done\n"))
            with open(report) as file:
                findings = json.load(file)["findings"]
            births = [finding["born"][0] for finding in findings if finding["subject"] == "__main__.Node"]
            self.assertEqual([birth["function"] for birth in births], ["make"])
            self.assertEqual(births[0]["line"], 1 + PROGRAM.split("\n").index("    node = Node()"))

    def test_a_thread_without_a_gil_may_leave(self):
        status, _, errors = self.run_program(LEAVING)
        self.assertEqual(status, 1)
        self.assertNotIn("Fatal Python error", errors)


if __name__ == "__main__":
    unittest.main()
