#!/usr/bin/env python3
"""The HTML report in a browser, as a reader uses it. Usage: page_test.py RENDER_DRAWING"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import browser

RENDER_DRAWING = None
HOSTILE = ["<script>document.title='owned'</script>", "<img src=x onerror=\"document.title='owned'\">", "</script><script>document.title='owned'</script>",
           "'\"\\ && \\N \\l ]]> --> {{x}} ${y} %s %n", "esc\x1b[31m\x07", "\u202eright to left", "Long<" + "std::vector<int>, " * 600 + ">"]


def drawing():
    """30 cycles of different types, one that nobody owns but a root watches, and hostile names."""
    lines = ["#stack 1: std::make_shared<A>() shared_ptr.h:1008| make<x>() make.cpp:7| main main.cpp:3"]
    for i in range(30):
        lines.append(f"a{i}(Alpha{i})[{1000 - i}]{{shared_ptr, stack 1}} =[Alpha{i}::beta_@alpha.h:{i + 1}]=> b{i}(Beta{i})[64]{{shared_ptr, stack 1}}")
        lines.append(f"b{i} =[Beta{i}::alpha_@beta.h:{i + 1}]=> a{i}")
    lines += ["watched(Watched)[80]{shared_ptr} =[Watched::self_@watched.h:4]=> watched", "static g_watch ~> watched"]
    for i, name in enumerate(HOSTILE):
        quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        lines.append(f"h{i}({quoted})[48]{{shared_ptr}} =[{quoted}::{quoted}]=> h{i}")
    lines.append('bytes("not \udcff\udcfe UTF-8")[48]{shared_ptr} =[x::y]=> bytes')
    return "\n".join(lines).encode("utf-8", "surrogateescape") + b"\n"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="reftally-page-")
        cls.path = pathlib.Path(cls.folder.name) / "report.html"
        cls.path.write_bytes(subprocess.run([RENDER_DRAWING, "html"], input=drawing(), check=True, capture_output=True, timeout=120).stdout)
        cls.url = cls.path.as_uri()
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.folder.cleanup()

    def setUp(self):
        self.browser.open(self.url)

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    def script(self, source, *arguments):
        return self.browser.script(source, *arguments)

    def hash(self):
        return self.script("return location.hash")

    def test_it_opens_with_the_worst_finding_and_lists_all(self):
        self.assertEqual(self.browser.count(".item"), 31 + len(HOSTILE) + 1)
        self.assertIn("Alpha0", self.browser.text("h1"))
        self.assertEqual(self.browser.text("#shown"), f"{32 + len(HOSTILE)} findings")
        self.assertEqual(self.browser.count(".item[aria-current]"), 1)

    def test_it_fetches_nothing(self):
        self.assertEqual(self.script("return performance.getEntriesByType('resource').length"), 0)
        self.assertIn("connect-src 'none'", self.script("return document.querySelector('meta[http-equiv]').content"))

    def test_search_wants_all_words_and_looks_at_files(self):
        self.browser.type("#search", "beta.h:8")
        self.assertEqual(self.browser.count(".item"), 1)
        self.assertIn("Alpha7", self.browser.text(".item"))
        self.script("const s = document.getElementById('search'); s.value = 'alpha3 nothing'; s.dispatchEvent(new Event('input'))")
        self.assertEqual(self.browser.count(".item"), 0)

    def test_a_severity_can_be_left_out_and_a_rule_chosen(self):
        self.browser.click(".chip.error")
        self.assertEqual(self.browser.count(".item"), 1)
        self.assertIn("unowned-cycle", self.browser.text(".item"))
        self.browser.click(".chip.error")
        self.script("const s = document.getElementById('rule'); s.value = 'unowned-cycle'; s.dispatchEvent(new Event('change'))")
        self.assertEqual(self.browser.count(".item"), 1)

    def test_a_click_on_each_object_of_a_cycle_shows_its_account(self):
        for node, holder in ((0, "Beta0::alpha_"), (1, "Alpha0::beta_")):
            self.browser.click(f'.canvas g.node[id$="-n{node}"]')
            self.browser.wait(f"return document.querySelector('.detail[data-node=\"{node}\"]')", "no account of the node")
            self.assertIn(holder, self.browser.text(".detail .holders"))
            self.assertIn("strong count 1 = 1 in the heap", self.browser.text(".detail"))
            self.assertTrue(self.hash().endswith(f"/n{node}"))
            self.assertEqual(self.browser.count(".canvas .chosen"), 1)
        self.assertIn("make", self.browser.text(".detail .stack"))

    def test_a_click_on_a_step_of_the_cycle_shows_the_reference(self):
        self.browser.click(".steps button.step:not(.object)")
        self.assertIn("Alpha0::beta_", self.browser.text(".detail[data-edge]"))

    def test_zoom_and_pan_and_back(self):
        width = "return Number(document.querySelector('.canvas svg').getAttribute('viewBox').split(' ')[2])"
        left = "return Number(document.querySelector('.canvas svg').getAttribute('viewBox').split(' ')[0])"
        self.browser.wait("return document.querySelector('.scale').textContent", "not fitted")
        whole = self.script(width)
        self.browser.click('[aria-label="closer"]')
        self.assertAlmostEqual(self.script(width), whole / 1.25, places=3)
        self.script("document.querySelector('.canvas').focus()")
        before = self.script(left)
        self.browser.press("\ue014")  # right arrow
        self.assertGreater(self.script(left), before)
        self.browser.press("0")
        self.assertAlmostEqual(self.script(width), whole, places=3)

    def test_light_and_dark(self):
        colour = "return getComputedStyle(document.body).backgroundColor"
        self.script("setTheme('light')")
        light = self.script(colour)
        self.browser.press("t")
        self.assertEqual(self.script("return document.documentElement.dataset.theme"), "dark")
        dark = self.script(colour)
        self.assertNotEqual(light, dark)
        self.assertNotEqual(self.script("return getComputedStyle(document.querySelector('.canvas .node path')).fill"), "rgb(253, 232, 220)")
        self.browser.open(self.url)
        self.assertEqual(self.script(colour), dark, "the choice is kept")
        self.script("setTheme('auto')")

    def test_a_deep_link_opens_its_finding_and_object(self):
        self.browser.click(".item:nth-child(5)")
        link = self.hash()
        self.assertRegex(link, "^#f-[0-9a-f]+$")
        self.browser.open(self.url + link + "/n1")
        self.assertIn("Alpha4", self.browser.text("h1"))
        self.browser.wait("return document.querySelector('.detail[data-node=\"1\"]')", "the object of the link is not shown")
        self.browser.open(self.url + "#f-0000000000000000")
        self.assertEqual(self.browser.count("article.overview"), 1)

    def test_keys_walk_the_list(self):
        self.browser.press("j")
        self.browser.wait("return document.querySelector('h1').textContent.includes('Alpha1')", "j does not go on")
        self.browser.press("k")
        self.browser.wait("return document.querySelector('h1').textContent.includes('Alpha0')", "k does not go back")
        self.browser.press("/")
        self.assertEqual(self.script("return document.activeElement.id"), "search")
        self.browser.press("Escape")
        self.browser.press("o")
        self.browser.wait("return document.querySelector('article.overview')", "o does not open the overview")

    def test_copy_gives_markdown(self):
        self.script("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
        self.browser.click("#copy")
        self.browser.wait("return window.copied", "nothing was copied")
        copied = self.script("return window.copied")
        self.assertIn("### unreachable-cycle (error)", copied)
        self.assertIn("| `Alpha0` | `beta_`", copied)
        self.browser.wait("return document.querySelector('#toast').textContent === 'Copied as Markdown'", "nobody said so")

    def test_the_overview_has_sizes_treemap_flames_and_map(self):
        self.browser.click("#bar a.button")
        self.browser.wait("return document.querySelectorAll('.cell').length > 3", "no treemap")
        self.browser.wait("return document.querySelectorAll('.tab-body tbody tr').length > 10", "no table of types")
        self.browser.click('[aria-selected] ~ [role=tab]:last-child')
        self.browser.wait("return document.querySelectorAll('.flame-bar').length > 1", "no flame graph")
        self.assertGreater(self.browser.count(".graph-panel g.node"), 10)

    def test_hostile_names_are_text(self):
        links = self.script("return [...document.querySelectorAll('.item')].map((item) => item.hash)")
        seen = ""
        for link in links[31:]:
            self.script("location.hash = arguments[0]", link)
            self.browser.wait(f"return document.querySelector('.item[aria-current]').hash === '{link}'", "not shown")
            seen += self.browser.text("main") + "\n"
        for name in HOSTILE[:4]:
            self.assertIn(name, seen)
        self.assertIn("esc\\x1b[31m\\x07", seen)
        self.assertIn("\\u202eright", seen)
        self.assertIn("not \\xff\\xfe UTF-8", seen)
        self.assertNotIn("\x1b", seen)
        self.assertNotEqual(self.script("return document.title"), "owned")
        self.assertEqual(self.browser.count("main script, main img, main a[href^=javascript]"), 0)


if __name__ == "__main__":
    if missing := browser.why_missing():
        print(f"skipped: {missing} (scripts/install-packages test)")
        sys.exit(77)
    RENDER_DRAWING = sys.argv.pop(1)
    unittest.main()
