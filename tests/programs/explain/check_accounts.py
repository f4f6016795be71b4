#!/usr/bin/env python3
"""Runs programs under reftally and compares what `explain` says of an object with what the program expects.

Usage: check_accounts.py --reftally PATH PROGRAM=SOURCE...
In the source, `// explain: TYPE` begins an account; the comment lines behind it, each `//   COUNT  TEXT`, must all
occur, COUNT alike and TEXT as the beginning of the line's text. The column above the rule must add up to the strong
count below it, whatever the source expects.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, __file__.rsplit("/", 3)[0] + "/support")

import recorded_run

LINE = re.compile(r"\s+(-?\d+)  (\S.*)")


def expected_accounts(source):
    accounts, current = {}, None
    with open(source, encoding="utf-8") as file:
        for line in file:
            if line.startswith("// explain: "):
                current = accounts.setdefault(line.removeprefix("// explain: ").strip(), [])
            elif current is not None and line.startswith("//  "):
                count, text = LINE.match(line[2:]).groups()
                current.append((int(count), text.strip()))
            else:
                current = None
    return accounts


def problems_of(text, wanted):
    rows = [(int(match[1]), match[2]) for match in map(LINE.fullmatch, text.splitlines()) if match]
    problems = [f"no line `{count}  {start}`" for count, start in wanted
                if not any(count == row[0] and row[1].startswith(start) for row in rows)]
    above, rule, below = text.partition("  --------\n")
    total = sum(int(match[1]) for match in map(LINE.fullmatch, above.splitlines()) if match)
    strong = LINE.match(below)
    if not rule or int(strong[1]) != total:
        problems.append(f"the holders are {total} together")
    return problems


def check(reftally, program, source):
    with tempfile.TemporaryDirectory(prefix="reftally-test-") as folder:
        dump = recorded_run.record(reftally, program, folder)
        problems = []
        for what, wanted in expected_accounts(source).items():
            text = recorded_run.call([reftally, "explain", dump, what], folder, {0}, 60).stdout
            problems += [f"{program}: {what}: {problem}\n{text}" for problem in problems_of(text, wanted)]
        return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reftally", required=True)
    parser.add_argument("case", nargs="+")
    options = parser.parse_args()
    os.environ["REFTALLY_CONTENTS"] = "full"  # as --full-contents: else a dump has no text, and maps have no keys
    failed = 0
    for case in options.case:
        program, _, source = case.partition("=")
        try:
            problems = check(options.reftally, program, source)
        except (recorded_run.RunFailed, subprocess.TimeoutExpired) as failure:
            problems = [str(failure)]
        failed += bool(problems)
        print("\n".join(problems) if problems else f"{program}: adds up")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
