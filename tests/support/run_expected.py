#!/usr/bin/env python3
"""Runs programs under reftally and compares the findings with what each program expects.

Usage: run_expected.py --reftally PATH [--no-debug-info] [--jobs N] CASE...
A case is PROGRAM=SOURCE (expectations in `// expect:` lines) or PROGRAM=FOLDER:NAME (line NAME of FOLDER/expected.txt).
Prints one line for each case that is not as expected; exit status 1 if there is any.
"""

import argparse
import concurrent.futures
import os
import subprocess
import sys

import expectations
import recorded_run


def expectations_of(case):
    folder, _, name = case.rpartition(":")
    if folder:
        return expectations.of_sample(os.path.join(folder, "expected.txt"), name)
    return expectations.of_source(case)


def run_case(reftally, debug_info, case):
    program, _, source = case.partition("=")
    try:
        report = recorded_run.report_of(reftally, program)
        return expectations.compare(report, expectations_of(source), debug_info).problems
    except (recorded_run.RunFailed, subprocess.TimeoutExpired, ValueError, KeyError) as failure:
        return [f"{type(failure).__name__}: {failure}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reftally", required=True)
    parser.add_argument("--no-debug-info", action="store_true", help="do not ask for the names of references")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("case", nargs="+")
    options = parser.parse_args()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = pool.map(lambda case: run_case(options.reftally, not options.no_debug_info, case), options.case)
    failed = 0
    for case, problems in zip(options.case, results):
        failed += bool(problems)
        for problem in problems:
            print(f"{case.rpartition('=')[2]}: {problem}")
    print(f"{len(options.case) - failed} of {len(options.case)} as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
