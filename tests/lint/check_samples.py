"""Compares the findings of reftally-lint with the `// expect:` lines of its samples.

`// expect: RULE` at the end of a line: a warning or error of that rule is anchored there. `// expect-note: RULE`: a
note (a cycle that something breaks). Anything else found, and anything not found, is a difference.
"""
import glob
import json
import os
import re
import subprocess
import sys
import sysconfig

PYTHON_HEADERS = sysconfig.get_paths()["include"]
EXPECT = re.compile(r"//\s*expect(-note)?:\s*([a-z-]+)")


def expected_in(path):
    found = set()
    with open(path, encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            for note, rule in EXPECT.findall(line):
                found.add((os.path.basename(path), number, rule, "note" if note else "warning"))
    return found


def check(lint, file):
    """Number of differences. Each sample is a program of its own."""
    flags = ["-std=c11", "-I", PYTHON_HEADERS] if file.endswith(".c") else ["-std=c++20"]
    folder = os.path.dirname(file)
    command = [lint, "--format", "json", "-q", "--root", folder, file, "--", *flags]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    report = json.loads(run.stdout)
    for problem in report["problems"]:
        print(f"{problem['file']}: {problem['what']}")
    found = {
        (f["location"]["file"], f["location"]["line"], f["rule"], "note" if f["severity"] == "note" else "warning")
        for f in report["findings"]
    }
    expected = expected_in(file)
    for name, line, rule, severity in sorted(expected - found):
        print(f"{name}:{line}: expected a {severity} of {rule}, found none")
    for name, line, rule, severity in sorted(found - expected):
        print(f"{name}:{line}: found a {severity} of {rule}, expected none")
    differences = len(expected ^ found) + len(report["problems"])
    print(f"{os.path.basename(file)}: {len(expected)} expected, {differences} differences")
    return differences


def main():
    lint, folder = sys.argv[1:]
    files = sorted(glob.glob(os.path.join(folder, "*.c*")))
    if not os.path.exists(os.path.join(PYTHON_HEADERS, "Python.h")):
        print("no Python.h (python3-dev): the CPython samples are left out")
        files = [file for file in files if file.endswith(".cc")]
    return 1 if sum(check(lint, file) for file in files) else 0


sys.exit(main())
