#!/usr/bin/env python3
"""CTest runs suites of Catch2 and GoogleTest under reftally: the test that leaves a new cycle fails, no other.

Usage: launchers_test.py REFTALLY REFTALLY_TESTS_CMAKE CMAKE
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

reftally, module, cmake = sys.argv[1:4]
SUITE = pathlib.Path(__file__).parent / "suite"


def run(*command, status=0):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=280, check=False)
    if status is not None and done.returncode != status:
        sys.exit(f"{command}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def results(told):
    return {name: state for name, state in re.findall(r"Test +#\d+: (.+?) \.+ *(?:\*\*\*)?(Passed|Failed)", told)}


def main():
    with tempfile.TemporaryDirectory(prefix="reftally-launchers-") as scratch:
        source, build = pathlib.Path(scratch, "suite"), pathlib.Path(scratch, "build")
        shutil.copytree(SUITE, source)
        baseline = source / "baseline.json"
        baseline.write_text(json.dumps({"schema": "reftally-baseline/1", "findings": []}), encoding="utf-8")
        run(cmake, "-G", "Ninja", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Debug", f"-DREFTALLY_COMMAND={reftally}",
            f"-DREFTALLY_TESTS_CMAKE={module}")
        run(cmake, "--build", build)

        # The node's cycle is accepted; the page's is new.
        run(reftally, "run", "--no-analyze", "-o", scratch, "--", build / "catch_suite",
            "a node that keeps itself is known")
        [dump] = pathlib.Path(scratch).glob("*.tally")
        run(reftally, "check", dump, "--baseline", baseline, "--update-baseline")

        told = run("ctest", "--test-dir", build, "--output-on-failure", status=None)
        wanted = {"a document has pages": "Passed", "a page knows its document": "Failed",
                  "a node that keeps itself is known": "Passed"}
        if "Page.KnowsItsDocument" in told:
            wanted |= {"Document.HasPages": "Passed", "Page.KnowsItsDocument": "Failed"}
        if results(told) != wanted or "Page::document" not in told:
            sys.exit(f"expected {wanted}\n{told}")
        if list((build / "reftally-dumps").glob("*.tally")):
            sys.exit("dumps were left behind")


main()
