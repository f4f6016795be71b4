#!/usr/bin/env python3
"""Renders every drawn heap of tests/golden in every format and gives the files to the programs they are for.
Usage: formats_test.py RENDER_DRAWING NPM_FOLDER [REFTALLY_LINT]"""

import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "golden"))
import goldens  # noqa: E402

RENDER_DRAWING = NPM = LINT = None
PACKAGES = ["@memlab/core@2.0.5", "@microsoft/sarif-multitool-linux@5.7.0", "ajv@8"]  # readers; the schema is in the second


@functools.cache
def npm_packages():
    """Where the readers from npm are, or why they are not there."""
    modules = NPM / "node_modules"
    if modules.is_dir() and (NPM / "whole").exists():
        return modules, None
    if not shutil.which("npm"):
        return None, "npm is not installed"
    NPM.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", NPM, "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0",
               "--fetch-timeout=20000", *PACKAGES]
    try:
        got = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        return None, "npm did not install the readers within two minutes"
    if got.returncode != 0:
        return None, f"npm cannot install the readers: {got.stderr.strip().splitlines()[-1:]}"
    (NPM / "whole").touch()
    return modules, None


class Formats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="reftally-formats-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.drawings = dict(goldens.drawings())

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def files(self, form, extension):
        """One file of the format for each drawing."""
        paths = []
        for name, drawing in self.drawings.items():
            path = self.folder / f"{name}.{extension}"
            path.write_bytes(goldens.rendered(RENDER_DRAWING, form, drawing))
            paths.append(path)
        return paths

    def read_by_npm(self, paths):
        modules, missing = npm_packages()
        if missing:
            print(f"skipped: {missing}")
            self.skipTest(missing)
        read = subprocess.run(["node", HERE / "read_files.js", modules, *paths], capture_output=True, text=True, timeout=300)
        self.assertEqual(read.returncode, 0, read.stderr)
        return {pathlib.Path(file).stem: seen for file, seen in json.loads(read.stdout.strip().splitlines()[-1]).items()}

    def test_dot_accepts_every_graph(self):
        for form, extension in (("dot", "dot"), ("map-dot", "map.dot")):
            for path in self.files(form, extension):
                drawn = subprocess.run(["dot", "-Tsvg", path], capture_output=True, text=True, timeout=120)
                self.assertEqual((drawn.returncode, drawn.stderr), (0, ""), path.name)
                self.assertIn("</svg>", drawn.stdout)

    def test_every_svg_is_xml_and_runs_nothing(self):
        for form in ("svg", "map"):
            for path in self.files(form, f"{form}.svg"):
                for node in xml.etree.ElementTree.parse(path).iter():
                    self.assertNotIn(node.tag.split("}")[-1], ("script", "foreignObject", "image"), path.name)
                    self.assertFalse([name for name in node.attrib if name.startswith("on")], path.name)

    def test_pictures_and_pages_are_written(self):
        for form, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("html", b"<!doctype html>")):
            for path in self.files(form, form):
                self.assertTrue(path.read_bytes().startswith(start), path.name)

    def test_terminals_get_no_control_characters(self):
        for path in self.files("text", "txt") + self.files("md", "md") + self.files("json", "json"):
            self.assertFalse(re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", path.read_text(encoding="utf-8")), path.name)

    def test_folded_stacks_are_lines_of_frames_and_bytes(self):
        for path in self.files("folded", "folded"):
            for line in path.read_text().splitlines():
                self.assertRegex(line, r"^[^;]+(;[^;]+)* \d+$")
        self.assertIn("main main.cpp:12;Server::accept server.cpp:71 14848\n", (self.folder / "cluster.folded").read_text())

    def test_sarif_is_valid_by_its_schema(self):
        for name, errors in self.read_by_npm(self.files("sarif", "sarif")).items():
            self.assertEqual(errors, [], name)

    def test_sarif_is_what_code_scanning_takes(self):
        modules, missing = npm_packages()
        if missing:
            self.skipTest(missing)
        folder = modules / "@microsoft/sarif-multitool-linux"
        (folder / "Sarif.Multitool").chmod(0o755)  # npm unpacks it as it was packed
        self.files("sarif", "sarif")
        for path in self.folder.glob("*.sarif"):
            for result in json.loads(path.read_text())["runs"][0]["results"]:
                self.assertIn("uri", result["locations"][0]["physicalLocation"]["artifactLocation"], path.name)
        done = subprocess.run([folder / "Sarif.Multitool", "validate", *(self.folder / f"{name}.sarif" for name in
                                                                        ("no_types", "hostile_names", "many")),
                               "--rule-kind", "Sarif;Ghas", "--level", "Error", "--json-schema", folder / "sarif-2.1.0.json"],
                              env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}, capture_output=True, text=True, timeout=300)
        self.assertIn("3 files scanned", done.stdout, done.stderr)
        self.assertNotIn(": error ", done.stdout)

    @unittest.skipUnless(sys.argv[3:4] not in ([], [""]), "skipped: built without the lint")
    def test_sarif_of_the_lint_is_valid_by_its_schema(self):
        paths, samples = [], HERE.parent / "lint/samples"
        for sample in sorted(samples.glob("*.cc")):
            path = self.folder / f"lint_{sample.stem}.sarif"
            subprocess.run([LINT, "-q", "--format", "sarif", "-o", path, "--root", samples, sample, "--", "-std=c++20"],
                           timeout=120, check=False)
            self.assertTrue(json.loads(path.read_text())["runs"][0]["results"], sample.name)
            paths.append(path)
        for name, errors in self.read_by_npm(paths).items():
            self.assertEqual(errors, [], name)

    def test_sarif_says_where_and_what(self):
        self.files("sarif", "sarif")
        result = json.loads((self.folder / "lambda_capture.sarif").read_text())["runs"][0]["results"][0]
        place = result["locations"][0]["physicalLocation"]
        self.assertEqual((place["artifactLocation"]["uri"], place["region"]["startLine"]), ("session.h", 18))
        self.assertEqual(result["level"], "warning")
        self.assertRegex(result["partialFingerprints"]["reftally/v1"], "^[0-9a-f]{16}$")

    def test_memlab_reads_every_snapshot_whole(self):
        seen = self.read_by_npm(self.files("heapsnapshot", "heapsnapshot"))
        for name, snapshot in seen.items():
            self.assertEqual(snapshot["edges"], snapshot["whole"], name)
        self.assertEqual(seen["component"]["names"]["Node"], 9999)
        self.assertEqual(seen["component"]["nodes"], 3 + 13333)

    @unittest.skipUnless(shutil.which("go"), "skipped: go is not installed")
    def test_pprof_reads_every_profile(self):
        for path in self.files("pprof", "pb.gz"):
            read = subprocess.run(["go", "tool", "pprof", "-top", "-unit=b", path], capture_output=True, text=True, timeout=120,
                                  env={**os.environ, "HOME": str(self.folder), "GOFLAGS": "-mod=mod"})
            self.assertEqual(read.returncode, 0, f"{path.name}: {read.stderr}")
            if path.name.startswith("cluster"):
                self.assertRegex(read.stdout, r"Type: space[\s\S]*14848B .*Server::accept")


if __name__ == "__main__":
    RENDER_DRAWING, NPM, *lint = sys.argv[1:]
    NPM, LINT = pathlib.Path(NPM), lint[0] if lint else None
    del sys.argv[1:]
    unittest.main()
