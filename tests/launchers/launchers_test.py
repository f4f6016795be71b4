#!/usr/bin/env python3
"""CTest runs suites of Catch2 and GoogleTest under reftally: the test that leaves a new cycle fails, no other.

Usage: launchers_test.py REFTALLY REFTALLY_TESTS_CMAKE REFTALLY_INCLUDE CMAKE
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

reftally, module, include, cmake = sys.argv[1:5]
SUITE = pathlib.Path(__file__).parent / "suite"


def run(*command, status=0):
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=280, check=False)
    if status is not None and done.returncode != status:
        sys.exit(f"{command}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def results(told):
    return {name: state for name, state in re.findall(r"Test +#\d+: (.+?) \.+ *(?:\*\*\*)?(Passed|Failed)", told)}


def listen(suite, baseline, folder, wanted):
    """All tests in one process: those in `wanted` fail, for what they leave behind, and no other."""
    if "leaves behind" in run(suite):
        sys.exit(f"{suite} looks at its tests without reftally")
    told = run(reftally, "run", "--no-analyze", "--baseline", baseline, "-o", folder, "--", suite, status=None)
    left = [line for line in told.splitlines() if line.strip().startswith("new ")]
    for name in wanted:
        if not re.search(re.escape(name) + r"(?s:.*?)Failure|" + re.escape(name) + r"(?s:.*?)FAILED:", told):
            sys.exit(f"{suite}: {name} did not fail\n{told}")
    if len(left) != len(wanted) or "Page::document" not in told:
        sys.exit(f"{suite}: expected {len(wanted)} findings\n{told}")
    if len(list(folder.glob("*.tally"))) != 1 or list(folder.glob(".reftally-tests-*")):
        sys.exit(f"{suite}: dumps of tests were left behind: {list(folder.iterdir())}")


def main():
    with tempfile.TemporaryDirectory(prefix="reftally-launchers-") as scratch:
        source, build = pathlib.Path(scratch, "suite"), pathlib.Path(scratch, "build")
        shutil.copytree(SUITE, source)
        baseline = source / "baseline.json"
        configure = (cmake, "-G", "Ninja", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Debug",
                     f"-DREFTALLY_COMMAND={reftally}", f"-DREFTALLY_TESTS_CMAKE={module}",
                     f"-DREFTALLY_INCLUDE={include}")
        baseline.unlink(missing_ok=True)
        if "baseline.json: no such file. An empty" not in " ".join(run(*configure, status=1).split()):
            sys.exit("a baseline that is not there is no error of the configuration")
        baseline.write_text(json.dumps({"schema": "reftally-baseline/1", "findings": []}), encoding="utf-8")
        run(*configure)
        run(cmake, "--build", build)

        # The node's cycle is accepted; the page's is new.
        run(reftally, "run", "--no-analyze", "-o", scratch, "--", build / "catch_suite",
            "a node that keeps itself is known")
        [dump] = pathlib.Path(scratch).glob("*.tally")
        run(reftally, "check", dump, "--baseline", baseline, "--update-baseline")

        told = run("ctest", "--test-dir", build, "--output-on-failure", "-j4", status=None)
        wanted = {"a document has pages": "Passed", "a page knows its document": "Failed",
                  "a node that keeps itself is known": "Passed"}
        if "Page.KnowsItsDocument" in told:
            wanted |= {"Document.HasPages": "Passed", "Page.KnowsItsDocument": "Failed"}
        if results(told) != wanted or "Page::document" not in told:
            sys.exit(f"expected {wanted}\n{told}")
        if list((build / "reftally-dumps").glob("*.tally")):
            sys.exit("dumps were left behind")

        listen(build / "catch_suite_listening", baseline, pathlib.Path(scratch, "catch"), ["a page knows its document"])
        if (build / "gtest_suite_listening").exists():
            listen(build / "gtest_suite_listening", baseline, pathlib.Path(scratch, "gtest"), ["Page.KnowsItsDocument"])


main()
