#!/usr/bin/env python3
"""Runs programs that tell their reference count events, and compares events, memory and findings.

Usage: check_events.py --reftally PATH [--jobs N] PROGRAM=SOURCE...
Of every program the events must explain the strong count of every object alive, and the findings must be as its
`// expect:` lines say. Further lines of a source:

    // taken: FUNCTION FILE:LINE          the first call that the first finding blames, and the beginning of its summary
    // through: FUNCTION FILE:LINE        what made that call
    // maybe: FUNCTION FILE:LINE          one of the calls that may be to blame, where events do not settle it
    // closed: FUNCTION FILE:LINE         of a cycle: the call that closes it, and the beginning of its summary
    // edge: MEMBER FUNCTION FILE:LINE    a reference of its cycle, and the call that took it
    // events: partial                    the program is told to be partly instrumented, and nobody is blamed
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

sys.path.insert(0, __file__.rsplit("/", 3)[0] + "/support")

import expectations
import recorded_run


def wanted_of(source, key):
    with open(source, encoding="utf-8") as file:
        return [line.removeprefix(f"// {key}: ").strip() for line in file if line.startswith(f"// {key}: ")]


def place(frames):
    if not frames:
        return "an unknown call"
    function = re.sub(r"^.*?((?:\w+::)?~?\w+)(\(.*)?$", r"\1", frames[0]["function"])
    return f"{function} {os.path.basename(frames[0]['file'])}:{frames[0]['line']}"


def same_place(wanted, found):
    """A function may be known with or without its class."""
    return found == wanted or found.split("::")[-1] == wanted or found == wanted.split("::")[-1]


def audit_problems(totals, partial):
    audited, agreeing = totals.get("audited_objects", 0), totals.get("agreeing_objects", 0)
    if partial:
        return [] if agreeing < audited else ["events and memory agree, though part of the program tells none"]
    return [] if agreeing == audited else [f"events explain the counts of {agreeing} of {audited} objects"]


def blame_problems(finding, wanted, partial):
    blamed = [acquire for acquire in finding.get("acquired", []) if acquire["certain"]]
    if partial:
        return [f"blames {place(blamed[0]['frames'])}"] if blamed else []
    if not blamed or not same_place(wanted, place(blamed[0]["frames"])):
        return [f"blames {place(blamed[0]['frames']) if blamed else 'nobody'}, not {wanted}: {finding['evidence']}"]
    first = finding["summary"].split(" ")
    return [] if first[1] == wanted.split(" ")[-1] else [f"summary begins otherwise: {finding['summary']}"]


def caller_problems(finding, wanted):
    found = [place(acquire["frames"][1:]) for acquire in finding.get("acquired", [])[:1]]
    return [] if found and same_place(wanted, found[0]) else [f"called by {found}, not by {wanted}"]


def maybe_problems(finding, wanted):
    acquired = finding.get("acquired", [])
    if any(acquire["certain"] for acquire in acquired):
        return [f"{wanted} is one of several, and one is blamed"]
    found = [place(acquire["frames"]) for acquire in acquired]
    return [] if any(same_place(wanted, name) for name in found) else [f"{wanted} is not among {found}"]


def closed_problems(finding, wanted):
    first = " ".join(finding["summary"].split(" ")[:2])
    return [] if first.split("::")[-1] == wanted.split("::")[-1] else [f"summary begins otherwise: {finding['summary']}"]


def edge_problems(finding, wanted):
    member, where = wanted.split(" ", 1)
    edges = {edge["member"]: place(edge.get("acquired", [])) for edge in finding["cycle"]}
    if any(member in name and same_place(where, found) for name, found in edges.items()):
        return []
    return [f"{member} was not taken by {where}: {edges}"]


def problems_of(reftally, case):
    program, _, source = case.partition("=")
    try:
        report = recorded_run.report_of(reftally, program)
    except (recorded_run.RunFailed, subprocess.TimeoutExpired, ValueError) as failure:
        return [f"{type(failure).__name__}: {failure}"]
    partial = "partial" in wanted_of(source, "events")
    problems = expectations.compare(report, expectations.of_source(source), True).problems
    problems += audit_problems(report["totals"], partial)
    for finding in report["findings"][:1]:
        for wanted in wanted_of(source, "taken"):
            problems += blame_problems(finding, wanted, partial)
        for wanted in wanted_of(source, "through"):
            problems += caller_problems(finding, wanted)
        for wanted in wanted_of(source, "maybe"):
            problems += maybe_problems(finding, wanted)
        for wanted in wanted_of(source, "closed"):
            problems += closed_problems(finding, wanted)
        for wanted in wanted_of(source, "edge"):
            problems += edge_problems(finding, wanted)
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reftally", required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("case", nargs="+")
    options = parser.parse_args()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda case: problems_of(options.reftally, case), options.case))
    for case, problems in zip(options.case, results):
        for problem in problems:
            print(f"{case.rpartition('=')[2]}: {problem}")
    failed = sum(map(bool, results))
    print(f"{len(options.case) - failed} of {len(options.case)} as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
