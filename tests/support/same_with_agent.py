#!/usr/bin/env python3
"""Runs a program without and with the agent: stdout, stderr and status must be the same, and the dumps readable.

Usage: same_with_agent.py --agent LIBRARY --reftally PATH PROGRAM SOURCE
Lines of SOURCE say what else is expected:

    // dumps: 2                  so many dumps, "0" for none, "2.." for at least two (default 1)
    // stderr: reftally: …       lines on stderr that begin so are the agent's, and one must be there
    // environment: NAME=VALUE   for the run with the agent
    // needs: root               else the test is skipped (exit status 77)
    // report has: …             in the report of each dump; "report lacks:" in none
"""

import argparse
import dataclasses
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77


@dataclasses.dataclass
class Wanted:
    least: int = 1
    most: int = 1
    messages: list = dataclasses.field(default_factory=list)
    environment: dict = dataclasses.field(default_factory=dict)
    needs_root: bool = False
    has: list = dataclasses.field(default_factory=list)
    lacks: list = dataclasses.field(default_factory=list)

    def read(self, key, value):
        if key == "dumps":
            least, _, rest = value.partition("..")
            self.least = int(least)
            self.most = 1 << 30 if value.endswith("..") else int(rest or least)
        elif key == "stderr":
            self.messages.append(value)
        elif key == "environment":
            name, _, setting = value.partition("=")
            self.environment[name] = setting
        elif key == "needs":
            self.needs_root = value == "root"
        elif key == "report has":
            self.has.append(value)
        elif key == "report lacks":
            self.lacks.append(value)


def wanted_of(source):
    wanted = Wanted()
    for line in pathlib.Path(source).read_text(encoding="utf-8").splitlines():
        key, separator, value = line.removeprefix("// ").partition(": ")
        if line.startswith("// ") and separator:
            wanted.read(key, value.strip())
    return wanted


def run(program, folder, environment):
    return subprocess.run([program], cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)


def differences(plain, recorded, messages):
    """How the runs differ, the lines on stderr that begin with one of `messages` aside."""
    own = [line for line in recorded.stderr.decode(errors="replace").splitlines()
           if any(line.startswith(message) for message in messages)]
    rest = [line for line in recorded.stderr.decode(errors="replace").splitlines() if line not in own]
    if plain.stdout != recorded.stdout:
        yield f"stdout is {recorded.stdout!r}, without the agent {plain.stdout!r}"
    if plain.stderr.decode(errors="replace").splitlines() != rest:
        yield f"stderr is {recorded.stderr!r}, without the agent {plain.stderr!r}"
    if plain.returncode != recorded.returncode:
        yield f"status is {recorded.returncode}, without the agent {plain.returncode}"
    for message in messages:
        if not any(line.startswith(message) for line in own):
            yield f"stderr lacks `{message}`"


def wrong_dumps(reftally, folder, wanted):
    files = list(pathlib.Path(folder).iterdir())
    dumps = [file for file in files if file.suffix == ".tally"]
    yield from (f"left behind: {file.name}" for file in files if file not in dumps)
    if not wanted.least <= len(dumps) <= wanted.most:
        yield f"{len(dumps)} dumps, expected {wanted.least} to {wanted.most}: {sorted(dump.name for dump in dumps)}"
    for dump in dumps:
        done = subprocess.run([reftally, "analyze", dump], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode not in (0, 1):
            yield f"{dump.name} cannot be analyzed: {done.stderr}"
        for text in wanted.has:
            if text not in done.stdout:
                yield f"the report of {dump.name} lacks `{text}`: {done.stdout}"
        for text in wanted.lacks:
            if text in done.stdout:
                yield f"the report of {dump.name} has `{text}`: {done.stdout}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", required=True)
    parser.add_argument("--reftally", required=True)
    parser.add_argument("program")
    parser.add_argument("source")
    options = parser.parse_args()
    wanted = wanted_of(options.source)
    if wanted.needs_root and os.geteuid() != 0:
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="reftally-agent-") as dumps, tempfile.TemporaryDirectory() as folder:
        plain = run(options.program, folder, {})
        preload = {"LD_PRELOAD": options.agent, "REFTALLY_OUTPUT_DIR": dumps, **wanted.environment}
        recorded = run(options.program, folder, preload)
        problems = [*differences(plain, recorded, wanted.messages), *wrong_dumps(options.reftally, dumps, wanted)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
