#!/usr/bin/env python3
"""`reftally run --history TYPE` and what `explain` makes of it: every event in order, pairs folded, and since when the
object is kept by what was never given back; and the tree of who took its references.

Usage: check_history.py --reftally PATH PROGRAM TYPE LINE...
Every LINE, a regular expression, must match a line of the explanation, in this order.
"""

import argparse
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, __file__.rsplit("/", 3)[0] + "/support")

import recorded_run


def explanation(reftally, program, type_name, options):
    with tempfile.TemporaryDirectory(prefix="reftally-history-") as folder:
        recorded_run.call([reftally, "run", "--no-analyze", "-o", folder, "--history", type_name, "--", program], folder,
                          {0}, 60)
        dump = subprocess.run(["find", folder, "-name", "*.tally"], capture_output=True, text=True, check=True)
        return recorded_run.call([reftally, "explain", dump.stdout.strip(), type_name, *options], folder, {0}, 60).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reftally", required=True)
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("program")
    parser.add_argument("type")
    parser.add_argument("line", nargs="+")
    options = parser.parse_args()
    text = explanation(options.reftally, options.program, options.type, ["--pairs"] if options.pairs else [])
    lines = iter(text.splitlines())
    for wanted in options.line:
        if not any(re.search(wanted, line) for line in lines):
            print(f"no line matches `{wanted}`, in this order:\n{text}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
