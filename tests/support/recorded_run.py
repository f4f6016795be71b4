"""Runs a program under `reftally run` and reads back the report of its dump."""

import json
import pathlib
import subprocess
import tempfile


class RunFailed(Exception):
    pass


def call(command, folder, statuses, seconds):
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=seconds, check=False)
    if done.returncode not in statuses:
        raise RunFailed(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr}")
    return done


def record(reftally, program, folder, seconds=60):
    """The dump of one run, in `folder`. A program under test exits with 0 and makes one dump."""
    call([reftally, "run", "--no-analyze", "-o", folder, "--", program], folder, {0}, seconds)
    dumps = list(pathlib.Path(folder).glob("*.tally"))
    if len(dumps) != 1:
        raise RunFailed(f"{program}: {len(dumps)} dumps, expected 1")
    return dumps[0]


def analyze(reftally, dump, folder, seconds=60):
    report = pathlib.Path(folder) / "report.json"
    call([reftally, "analyze", dump, "--format", "json", "-o", report], folder, {0, 1}, seconds)
    return json.loads(report.read_text(encoding="utf-8"))


def report_of(reftally, program, seconds=60):
    with tempfile.TemporaryDirectory(prefix="reftally-test-") as folder:
        return analyze(reftally, record(reftally, program, folder, seconds), folder, seconds)
