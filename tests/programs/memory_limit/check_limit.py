#!/usr/bin/env python3
"""Analyzes a heap of 200,000 blocks with too little memory and with enough.

Usage: check_limit.py --reftally PATH PROGRAM
"""

import argparse
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))

import recorded_run

BLOCKS = 200000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reftally", required=True)
    parser.add_argument("program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reftally-test-") as folder:
        recorded_run.call([options.reftally, "run", "--no-analyze", "-o", folder, "--", options.program, str(BLOCKS)],
                          folder, {0}, 60)
        dump = next(pathlib.Path(folder).glob("*.tally"))
        analyze = [options.reftally, "analyze", dump]
        # 60 MB are enough to read the dump, and not to analyze it.
        failed = recorded_run.call([*analyze, "--memory", "0.06"], folder, {2}, 60)
        expected = f"reftally: {dump}: the analysis needs more memory than --memory allows"
        if not failed.stderr.startswith(expected) or "--memory GIGABYTES" not in failed.stderr:
            print(f"expected `{expected} …`, got:\n{failed.stderr}")
            return 1
        told = re.search(r"allows \(60.0 MB\), about (\d+\.\d) MB and what debug information takes", failed.stderr)
        if not told or not 60 < float(told[1]) < 200:
            print(f"expected the figure it would need, got:\n{failed.stderr}")
            return 1
        narrow = recorded_run.call(["prlimit", "--as=100000000", *analyze], folder, {2}, 60)
        if "the analysis needs more memory than it may have here (100.0 MB), about" not in narrow.stderr:
            print(f"under a limit of address space, got:\n{narrow.stderr}")
            return 1
        done = recorded_run.call([*analyze, "--memory", "4"], folder, {0}, 60)
        if f"{BLOCKS:,} of {BLOCKS:,} counted objects explained" not in done.stdout:
            print(done.stdout)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
