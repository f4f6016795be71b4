#!/usr/bin/env python3
"""What reports show of reference count events: who took a reference, sums by call path, a count over time.
Usage: references_test.py REFTALLY FOLDER_OF_PROGRAMS"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import browser

REFTALLY = PROGRAMS = None


class References(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="reftally-references-")
        cls.dumps = {name: cls.recorded(name) for name in ("lost_copy", "cycle_by_copy", "partial")}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def recorded(cls, name):
        folder = pathlib.Path(cls.folder.name) / name
        folder.mkdir()
        subprocess.run([REFTALLY, "run", "--no-analyze", "--history", "Message", "-o", folder, "--", PROGRAMS / name], check=True,
                       capture_output=True, timeout=60)
        return next(folder.glob("*.tally"))

    def rendered(self, name, form):
        command = [REFTALLY, "analyze", self.dumps[name], "--format", form]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout

    def test_json_has_the_sums_by_call_path(self):
        (finding,) = json.loads(self.rendered("lost_copy", "json"))["findings"]
        balance = finding["balance"]
        self.assertEqual((balance["objects"], balance["strong_counts"], balance["tree"]["balance"]), (1, 1, 1))
        (main,) = balance["tree"]["below"]
        self.assertEqual(main["calls"], "main")
        self.assertEqual([(node["calls"], node["balance"]) for node in main["below"]],
                         [("lost_copy.cc:18", 1), ("lost_copy.cc:20 > keep_copy lost_copy.cc:14", 1), ("lost_copy.cc:21", -1)])

    def test_json_has_the_count_over_time(self):
        report = json.loads(self.rendered("lost_copy", "json"))
        self.assertEqual(report["findings"][0]["counts"], [0])
        (counts,) = report["counts"]
        self.assertEqual([point["after"] for point in counts["points"]], [2, 3, 2, 1])
        self.assertEqual([event["after"] for event in counts["open"]], [3, 2])
        self.assertEqual(counts["open"][0]["frames"][0]["line"], 14)

    def test_no_sums_where_events_do_not_make_up_the_counts(self):
        for finding in json.loads(self.rendered("partial", "json"))["findings"]:
            self.assertNotIn("balance", finding)

    def test_pictures_and_markdown_name_the_call_that_took_each_reference_of_a_cycle(self):
        dot = self.rendered("cycle_by_copy", "dot")
        self.assertIn("taken by attach cycle_by_copy.cc:18", dot)
        self.assertIn("taken by attach cycle_by_copy.cc:19", dot)
        self.assertIn("| taken by |", self.rendered("cycle_by_copy", "md"))
        self.assertIn("taken by attach cycle_by_copy.cc:18", self.rendered("cycle_by_copy", "svg"))

    @unittest.skipIf(browser.why_missing(), browser.why_missing())
    def test_the_page_shows_all_three(self):
        with browser.Browser() as page:
            self.open(page, "lost_copy")
            self.assertIn("keep_copy", page.text(".taking .stack li"))
            rows = page.script("return [...document.querySelectorAll('.sum-row')].map((row) => row.textContent)")
            self.assertEqual(rows, ["+1main", "+1lost_copy.cc:18", "+1lost_copy.cc:20 > keep_copy lost_copy.cc:14", "-1lost_copy.cc:21"])
            self.assertEqual(page.count(".count-chart .open-dot"), 1)
            self.assertEqual(page.count(".count-chart .given-dot"), 1)
            page.press("n")
            page.wait("return document.querySelector('h1').textContent.includes('over time of 1 object')", "n does not open the counts")
            self.assertEqual(page.complaints(), [])
            self.open(page, "cycle_by_copy")
            self.assertEqual(page.count(".step.taker"), 2)
            self.assertIn("taken by attach", page.text(".step.taker"))
            page.click(".steps button.step:not(.object)")
            self.assertIn("Taken by", page.text(".detail[data-edge]"))
            self.assertEqual(page.complaints(), [])

    def open(self, page, name):
        path = pathlib.Path(self.folder.name) / f"{name}.html"
        path.write_text(self.rendered(name, "html"))
        page.open(path.as_uri())


if __name__ == "__main__":
    REFTALLY, PROGRAMS = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1))
    unittest.main()
