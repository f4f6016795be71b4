"""Runs a script under python3 and under every interpreter that REFTALLY_TEST_PYTHONS names (separated by colons).

    each_python.py PYTHON SCRIPT [ARGUMENTS]

Status: the worst of theirs. Interpreters that are not there are skipped, with a line that says so.
"""

import os
import shutil
import subprocess
import sys

first, script = sys.argv[1], sys.argv[2:]
pythons = [first] + [name for name in os.environ.get("REFTALLY_TEST_PYTHONS", "").split(":") if name]
worst = 0
for python in pythons:
    path = shutil.which(python)
    if path is None:
        print(f"{python}: not there, skipped")
        continue
    print(f"-- {path}", flush=True)
    worst = max(worst, subprocess.run([path, *script]).returncode)
sys.exit(worst)
