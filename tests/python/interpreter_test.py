"""`reftally interpreter` against what the interpreter says of itself, and `run --redact`.

    interpreter_test.py REFTALLY PACKAGE_FOLDER
"""

import atexit
import gc
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

reftally_command, package = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, package)
dumps = tempfile.mkdtemp(prefix="reftally-interpreter-")
atexit.register(shutil.rmtree, dumps)
os.environ.update(REFTALLY_AT_EXIT="0", REFTALLY_OUTPUT_DIR=dumps)
import reftally  # noqa: E402

del os.environ["REFTALLY_AT_EXIT"]


def output_of(*command):
    return subprocess.run([reftally_command, *command], check=True, stdout=subprocess.PIPE, text=True).stdout


class Node:
    pass


def last_of(*values):
    return values[-1]


class InterpreterTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="reftally-interpreter-")
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def snapshot(self):
        path = reftally.dump()
        return json.loads(output_of("interpreter", "--json", path))[0], path

    def test_what_waits_for_the_collector_is_told_by_shape_and_generation(self):
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        for _ in range(25):
            node = Node()
            node.me = node
        del node
        state, path = self.snapshot()
        waiting = {shape["type"]: shape for shape in state["waiting"]}
        self.assertEqual(waiting["__main__.Node"]["objects"], 25)
        self.assertEqual(waiting["__main__.Node"]["by_generation"][0], 25)
        self.assertFalse(state["enabled"])
        self.assertEqual([generation["threshold"] for generation in state["generations"][:3]], list(gc.get_threshold()))
        collections = [generation["collections"] for generation in gc.get_stats()]
        self.assertEqual([generation["collections"] for generation in state["generations"][:3]], collections)
        gc.collect()
        after, later = self.snapshot()
        self.assertNotIn("__main__.Node", {shape["type"] for shape in after["waiting"]})
        text = output_of("interpreter", path, later)
        self.assertIn("cycle collector: off, runs only when told to", text)
        self.assertEqual(text.count(".tally\n"), 2)

    def test_what_a_call_under_way_has_in_hand_is_held(self):
        path = last_of(Node(), Node(), Node(), Node(), Node(), reftally.dump())
        findings = json.loads(output_of("analyze", "--format", "json", path))["findings"]
        self.assertEqual([finding["rule"] for finding in findings if finding["subject"] == "__main__.Node"], [])

    def test_collections_are_timed(self):
        before, _ = self.snapshot()
        gc.collect()
        after, _ = self.snapshot()
        oldest = after["generations"][2]
        self.assertGreater(oldest["timed"], before["generations"][2]["timed"])
        self.assertGreater(oldest["nanoseconds"], before["generations"][2]["nanoseconds"])
        self.assertGreaterEqual(oldest["nanoseconds"], oldest["longest_nanoseconds"])

    def test_blocks_of_the_pools_are_the_blocks_the_interpreter_counts(self):
        state, _ = self.snapshot()
        counted = sys.getallocatedblocks()
        live = sum(size_class["live"] for size_class in state["size_classes"])
        # It counts those of more than 512 bytes too, and what was made since.
        self.assertGreater(live, 0.8 * counted)
        self.assertLess(live, counted + 500)
        self.assertGreater(state["interned"]["objects"], 1000)

    def test_redacted_dumps_have_no_keys_of_data(self):
        with open("app.py", "w") as file:
            file.write("class Order:\n    def __init__(self):\n        self.total = ['Berta']\n"
                       "orders = {'secret customer ' + str(i): Order() for i in range(3)}\n")
        drawings = []
        for options in ([], ["--redact"]):
            folder = "redacted" if options else "plain"
            os.mkdir(folder)
            output_of("run", "--no-analyze", *options, "-o", folder, "--", sys.executable, "app.py")
            drawings.append(output_of("draw", "--most", "1000000", *glob.glob(folder + "/*.tally")))
        self.assertIn("secret customer 1", drawings[0])
        self.assertNotIn("secret customer", drawings[1])
        self.assertIn("total", drawings[1])  # attributes are source, not data


if __name__ == "__main__":
    unittest.main()
