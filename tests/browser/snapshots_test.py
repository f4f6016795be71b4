#!/usr/bin/env python3
"""The HTML report of several snapshots of a Python service: charts of growth, the collector's backlog, the map of pools.
Usage: snapshots_test.py REFTALLY"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import browser

REFTALLY = None
SERVICE = pathlib.Path(__file__).with_name("growing_service.py")
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"  # as there


def record(folder, *arguments):
    subprocess.run([REFTALLY, "run", "--no-analyze", "-o", folder, "--", sys.executable, SERVICE, *arguments], check=True,
                   capture_output=True, timeout=120)
    return sorted(str(path) for path in folder.glob("*.tally"))[:4]


def analyze(dumps, form, file):
    since = [word for dump in dumps[:-1] for word in ("--since", dump)]
    subprocess.run([REFTALLY, "analyze", dumps[-1], *since, "-f", form, "-o", file, "--fail-on", "never"], check=True,
                   capture_output=True, timeout=120)


class Snapshots(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="reftally-snapshots-")
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.dumps = record(cls.folder)
        analyze(cls.dumps, "html", cls.folder / "report.html")
        analyze(cls.dumps, "json", cls.folder / "report.json")
        cls.json = json.loads((cls.folder / "report.json").read_text(encoding="utf-8"))
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.scratch.cleanup()

    def open(self, address):
        self.browser.open((self.folder / "report.html").as_uri() + address)

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])
        self.assertNotEqual(self.script("return document.title"), "owned")
        self.assertEqual(self.browser.count("main img, main script"), 0)

    def script(self, source, *arguments):
        return self.browser.script(source, *arguments)

    def said(self, css):
        """What charts tell those who do not see them."""
        return self.script("return [...document.querySelectorAll(arguments[0])].map((chart) => chart.getAttribute('aria-label'))", css)

    def growing(self):
        [finding] = [finding for finding in self.json["findings"] if finding["rule"] == "growing-path"]
        return finding

    def test_json_has_the_figures_of_the_charts(self):
        self.assertEqual(self.growing()["growth"]["held"], [200, 400, 600, 800])
        history = self.json["history"]
        self.assertEqual(len(history["snapshots"]), 4)
        self.assertTrue(history["one_process"])
        waiting = [snapshot["collector"]["waiting"] for snapshot in history["snapshots"]]
        self.assertGreater(waiting[1], waiting[0] + 199)
        self.assertLess(waiting[2], 100)
        grown = {row["type"]: row["objects"] for row in history["types"]}
        self.assertEqual([grown[name] for name in grown if HOSTILE in name], [[200, 400, 600, 800]])

    def test_json_has_what_the_command_interpreter_tells(self):
        told = subprocess.run([REFTALLY, "interpreter", "--json", self.dumps[-1]], check=True, capture_output=True, timeout=60).stdout
        interpreter = json.loads(told)[0]
        for key in ("generations", "waiting", "size_classes", "arenas", "in_sparse_arenas", "interned", "immortal"):
            self.assertEqual(self.json["interpreter"][key], interpreter[key], key)

    def test_places_that_grow_have_a_chart_a_table_and_a_link(self):
        self.open("#growth")
        self.assertRegex(self.browser.text("h1"), r"The heap grew from [\d.]+ MB to [\d.]+ MB")
        chart = next(said for said in self.said(".chart svg") if "Server.sessions" in said)
        for count in ("200", "400", "600", "800"):
            self.assertIn(f": {count}", chart)
        self.assertEqual(self.script("return document.querySelectorAll('.chart')[0].querySelectorAll('.dot').length"), 4)
        self.assertIn("200 → 800", self.browser.text(".chart"))
        self.browser.click("details.numbers summary")
        self.assertEqual(self.script("return [...document.querySelectorAll('details.numbers[open] tbody td.number')].map((cell) => cell.textContent)"), ["200", "400", "600", "800"])
        self.browser.click(".chart figcaption a")
        self.browser.wait("return document.querySelector('article.finding')", "the chart does not lead to its finding")
        self.assertIn("growing-path", self.browser.text(".rule"))
        self.assertEqual(len(self.said("article.finding .chart svg")), 1)

    def test_types_that_grew_are_text(self):
        self.open("#growth")
        self.assertTrue(any(HOSTILE in said for said in self.said(".chart svg")))
        self.assertIn(HOSTILE, self.browser.text("article.growth"))

    def test_the_backlog_of_the_collector_over_the_snapshots(self):
        self.open("#python")
        waiting, in_bytes, paused = self.said(".chart svg")
        self.assertRegex(waiting, "Garbage that waits for the collector, objects")
        self.assertIn("between snapshots 2 and 3: 1 collection", paused)
        self.assertIn("between snapshots 3 and 4: 0 collections, 0.00 ms", paused)
        self.assertRegex(in_bytes, r"[\d.]+ kB")
        self.assertIn("switched off", self.browser.text("article.interpreter"))
        self.assertIn("Node", self.browser.text("article.interpreter"))

    def test_a_square_a_pool_and_a_table_by_size(self):
        self.open("#python")
        state = self.json["interpreter"]
        pools = sum(arena["pools"] for arena in state["arenas"])
        self.assertEqual(self.browser.count(".arenas .pool"), pools)
        self.assertEqual(self.browser.count(".arena"), len(state["arenas"]))
        self.assertRegex(self.script("return document.querySelector('.arenas .pool title').textContent"), r"pool of \d+-byte blocks: [\d,]+ of [\d,]+ in use|empty pool")
        row = state["size_classes"][3]
        cells = self.script("return [...document.querySelectorAll('.by-size tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))")
        self.assertEqual(len(cells), len(state["size_classes"]))
        self.assertEqual(cells[3][:4], [f"{row['block_size']} B", *(f"{row[key]:,}" for key in ("pools", "live", "capacity"))])
        self.browser.click(".by-size tbody tr:nth-child(4) .pick")
        self.assertEqual(self.browser.count(".picked"), row["pools"])
        self.assertEqual(self.script("return document.activeElement.getAttribute('aria-pressed')"), "true")

    def test_keys_open_both_pages(self):
        self.open("")
        self.browser.press("g")
        self.browser.wait("return document.querySelector('article.growth')", "g does not open the growth")
        self.browser.press("p")
        self.browser.wait("return document.querySelector('article.interpreter')", "p does not open the interpreter")

    def test_paper_is_light_and_has_the_numbers(self):
        self.open("#growth")
        self.script("setTheme('dark')")
        self.browser.print_preview(True)
        self.assertEqual(self.script("return getComputedStyle(document.querySelector('.chart')).backgroundColor"), "rgb(255, 255, 255)")
        self.assertEqual(self.script("return getComputedStyle(document.querySelector('#sidebar')).display"), "none")
        self.script("window.dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.browser.count("details.numbers:not([open])"), 0)
        self.script("window.dispatchEvent(new Event('afterprint')); setTheme('auto')")
        self.browser.print_preview(False)
        self.assertEqual(self.browser.count("details.numbers[open]"), 0)

    def test_of_more_pools_than_can_be_drawn_arenas_are(self):
        folder = self.folder / "many"
        folder.mkdir()
        dumps = record(folder, "many")
        analyze(dumps[:1], "html", folder / "report.html")
        self.assertLess((folder / "report.html").stat().st_size, 300_000)
        self.browser.open((folder / "report.html").as_uri() + "#python")
        self.assertRegex(self.browser.text(".pool-map > p"), r"^There are [\d,]+ pools, too many to draw each: a square is one arena")
        self.assertGreater(self.browser.count(".arena-map .pool.sparse"), 20)
        self.assertIn("less than a quarter full", self.browser.text(".sparse-note"))
        self.assertEqual(self.browser.count('a[href="#growth"]'), 0)


if __name__ == "__main__":
    if missing := browser.why_missing():
        print(f"skipped: {missing} (scripts/install-packages test)")
        sys.exit(77)
    REFTALLY = sys.argv.pop(1)
    unittest.main()
