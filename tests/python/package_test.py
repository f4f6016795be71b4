"""The `reftally` package: growth, the history of a count, and the pytest plugin.

    package_test.py PACKAGE_FOLDER
"""

import functools
import gc
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

package = os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, package)

import reftally  # noqa: E402


class Node:
    def __init__(self):
        self.children = []
        self.parent = None


class Handler:
    def on(self):
        pass


KEPT = []


class GrowthTest(unittest.TestCase):
    def test_nothing_grows_when_nothing_is_kept(self):
        for _ in range(2):
            with reftally.growth() as growth:
                nodes = [Node() for _ in range(10)]
                nodes[0].parent = nodes[0]
                del nodes
        self.assertEqual(growth.grown, [], str(growth))
        self.assertEqual(str(growth), "nothing grew")

    def test_what_is_kept_is_counted_by_type_with_its_holder(self):
        with reftally.growth() as growth:
            KEPT.extend(Node() for _ in range(10))
        rows = {row.type: row for row in growth.grown}
        row = rows[Node.__module__ + ".Node"]
        self.assertEqual(row.count, 10)
        self.assertEqual(row.path[0], "__main__.KEPT")
        KEPT.clear()

    def test_a_cache_on_a_method_is_named(self):
        class Service:
            @functools.lru_cache(maxsize=None)
            def find(self, key):
                return key

        with reftally.growth() as growth:
            for number in range(20):
                Service().find(number)
        rows = {row.type: row for row in growth.grown}
        name = f"{__name__}.{Service.__qualname__}"
        self.assertEqual(rows[name].count, 20)
        self.assertIn("functools._lru_cache_wrapper", " ".join(rows[name].path))


class WatchTest(unittest.TestCase):
    def test_every_line_that_changes_the_count_is_told(self):
        node = Node()
        holder = []

        def register(thing):
            holder.append(thing)

        with reftally.watch(node) as history:
            second = node
            holder.append(node)
            register(node)
            del second
            holder.clear()
        balance = [(change.gained, change.lost) for change in history.changes]
        self.assertEqual(history.before, history.after)
        self.assertEqual(sum(gained for gained, _ in balance), sum(lost for _, lost in balance))
        self.assertEqual(balance[0], (1, 0))  # second = node
        self.assertEqual(balance[-1], (0, 2))  # holder.clear()
        self.assertIn("holder.clear()", str(history))

    def test_the_trace_function_of_a_debugger_comes_back(self):
        def trace(*_):
            return None

        previous = sys.gettrace()
        sys.settrace(trace)
        with reftally.watch(Node()):
            pass
        restored = sys.gettrace()
        sys.settrace(previous)
        self.assertIs(restored, trace)


PLUGIN_TESTS = """
    import pytest

    class Node:
        def __init__(self):
            self.children = []
            self.parent = None

    KEPT = []

    def make_family():
        parent, child = Node(), Node()
        parent.children.append(child)
        child.parent = parent

    @pytest.mark.no_new_cycles
    def test_leaves_cycle():
        make_family()

    @pytest.mark.no_new_cycles
    def test_no_cycle(tmp_path):
        with pytest.raises(ValueError) as caught:
            raise ValueError(Node())
        assert caught

    def test_not_marked():
        make_family()

    @pytest.mark.max_growth(5)
    def test_grows():
        KEPT.extend(Node() for _ in range(10))

    @pytest.mark.max_growth(5)
    def test_does_not_grow():
        Node()
"""


class PluginTest(unittest.TestCase):
    def setUp(self):
        try:
            import pytest  # noqa: F401
        except ImportError:
            self.skipTest("no pytest for this interpreter")

    def run_pytest(self, *options):
        with tempfile.TemporaryDirectory(prefix="reftally-pytest-") as folder:
            with open(os.path.join(folder, "test_family.py"), "w") as file:
                file.write(textwrap.dedent(PLUGIN_TESTS))
            environment = dict(os.environ, PYTHONPATH=package)
            return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
                                  cwd=folder, env=environment, stdout=subprocess.PIPE, text=True).stdout

    def test_marked_tests_fail_with_the_ring_and_the_growth(self):
        output = self.run_pytest()
        self.assertIn("2 failed, 3 passed", output)
        self.assertIn("test_family.Node.parent -> test_family.Node.children -> list[] -> test_family.Node", output)
        self.assertIn("the second run leaves 20 objects more, 5 are allowed", output)

    def test_the_option_tells_of_every_test_and_writes_a_dump(self):
        output = self.run_pytest("--reftally")
        self.assertIn("test_family.py::test_not_marked leaves reference cycles:", output)
        self.assertRegex(output, r"dump: .*\.tally")
        marked = self.run_pytest("--reftally", "-k", "test_leaves_cycle or test_no_cycle")
        self.assertIn("no other test leaves reference cycles", marked)  # than the one that has failed for it
        self.assertIn("\nno test leaves reference cycles", self.run_pytest("--reftally", "-k", "test_no_cycle"))


if __name__ == "__main__":
    gc.collect()
    unittest.main()
