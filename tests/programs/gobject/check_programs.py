#!/usr/bin/env python3
"""Debian's own programs of GLib and GStreamer, unchanged, without and with the agent: output and status are the same,
and their dumps can be analyzed. Those that are not installed are left out.

Usage: check_programs.py --reftally PATH
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

PROGRAMS = [
    ["gio", "list", "/usr/include"],
    ["gio", "info", "/etc/passwd", "-a", "standard::name,standard::type"],
    ["gsettings", "list-schemas"],
    ["gdbus", "introspect", "--system", "--dest", "no.such.Name", "--object-path", "/"],
    ["gst-launch-1.0", "-q", "fakesrc", "num-buffers=200", "!", "identity", "!", "queue", "!", "fakesink"],
    ["/usr/bin/python3", "-c", "from gi.repository import Gio; print(Gio.File.new_for_path('/').get_path())"],
]


def run(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)


def problems_of(reftally, program):
    plain = run(program)
    with tempfile.TemporaryDirectory(prefix="reftally-gobject-") as folder:
        recorded = run([reftally, "run", "--no-analyze", "-o", folder, "--", *program])
        for name in ("stdout", "stderr", "returncode"):
            if getattr(plain, name) != getattr(recorded, name):
                yield f"{name} is {getattr(recorded, name)!r}, without the agent {getattr(plain, name)!r}"
        dumps = list(pathlib.Path(folder).glob("*.tally"))
        if not dumps:
            yield "no dump"
        for dump in dumps:
            done = run([reftally, "analyze", dump])
            if done.returncode not in (0, 1):
                yield f"{dump.name} cannot be analyzed: {done.stderr!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reftally", required=True)
    options = parser.parse_args()
    failed = False
    for program in PROGRAMS:
        if shutil.which(program[0]) is None:
            continue
        for problem in problems_of(options.reftally, program):
            print(f"{' '.join(program)}: {problem}")
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
