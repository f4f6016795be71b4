"""python3 faults_test.py REFTALLY: code of an extension that fails while a snapshot is taken costs the references of its
objects, not the dump."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile

PROGRAM = """
import gc, os, faulty
gc.disable()
class Kept: pass
kept = [kind() for kind in (faulty.Crasher, faulty.Descender) for _ in range(3)]
lost = Kept()
lost.itself = lost
del lost
print("done")
"""


def compile_extension(folder):
    include, compiler = sysconfig.get_path("include"), shutil.which("cc")
    if compiler is None or not os.path.exists(os.path.join(include, "Python.h")):
        print("skipped: no compiler, or no Python.h for this interpreter")
        sys.exit(0)
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faulty.c")
    target = os.path.join(folder, "faulty" + sysconfig.get_config_var("EXT_SUFFIX"))
    subprocess.run([compiler, "-shared", "-fPIC", "-O0", "-w", "-I", include, source, "-o", target], check=True)


def main():
    with tempfile.TemporaryDirectory(prefix="reftally-faults-") as folder:
        compile_extension(folder)
        report = os.path.join(folder, "report.json")
        done = subprocess.run([sys.argv[1], "run", "-o", folder, "-f", "json", "--report", report, "--", sys.executable, "-c",
                               PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
                              env={**os.environ, "PYTHONPATH": folder})
        assert done.returncode == 0 and done.stdout.startswith("done\n"), (done.returncode, done.stdout, done.stderr)
        with open(report, encoding="utf-8") as file:
            told = file.read()
        assert "tp_traverse or __sizeof__ of 6 objects failed" in told, (told[:3000], done.stderr)
        assert any("Kept" in str(finding["members"]) for finding in json.loads(told)["findings"]), told[:3000]


main()
