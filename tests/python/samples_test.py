"""The samples in samples/python: what Reftally says of each leaky.py and fixed.py is what expected.txt has.

    samples_test.py REFTALLY SAMPLES_FOLDER SUPPORT_FOLDER
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile

reftally_command, samples, support = sys.argv[1:4]
sys.path.insert(0, support)

import expectations  # noqa: E402


def compile_extension(source, target_folder, flags=()):
    """False when that needs what is not here: a compiler, pybind11, this interpreter's headers."""
    compiler = shutil.which("c++")
    if compiler is None:
        return False
    command = [compiler, "-std=c++17", "-g", "-O1", *flags, "-I", sysconfig.get_path("include")]
    headers = "#include <Python.h>\n#include <pybind11/pybind11.h>\n"
    if subprocess.run([*command, "-E", "-x", "c++", "-", "-o", os.devnull], input=headers, text=True,
                      stderr=subprocess.DEVNULL).returncode != 0:
        return False
    name = os.path.splitext(os.path.basename(source))[0] + sysconfig.get_config_var("EXT_SUFFIX")
    subprocess.run([*command, "-shared", "-fPIC", source, "-o", os.path.join(target_folder, name)], check=True)
    return True


def problems_of(folder, name, modules):
    with tempfile.TemporaryDirectory(prefix="reftally-sample-") as output:
        report = os.path.join(output, "report.json")
        program = os.path.join(folder, name + ".py")
        done = subprocess.run(
            [reftally_command, "run", "-o", output, "--format", "json", "--report", report, "--", sys.executable, program],
            env=dict(os.environ, PYTHONPATH=modules), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        if done.returncode != 0 or not os.path.exists(report):
            return [f"status {done.returncode}: {done.stderr}"]
        with open(report) as file:
            found = json.load(file)
    wanted = expectations.of_sample(os.path.join(folder, "expected.txt"), name)
    return expectations.compare(found, wanted, True).problems


def flags_of_events():
    return subprocess.run([reftally_command, "cxxflags", "--python"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.split()


def main():
    failed = 0
    for sample in sorted(os.listdir(samples)):
        folder = os.path.join(samples, sample)
        sources = glob.glob(os.path.join(folder, "*.cc"))
        # What an extension tells of its references must not change what is found.
        for flags in [()] + ([flags_of_events()] if sources else []):
            with tempfile.TemporaryDirectory(prefix="reftally-sample-") as modules:
                if not all(compile_extension(source, modules, flags) for source in sources):
                    print(f"{sample}: skipped, no compiler, no pybind11 or no Python.h")
                    break
                for name in ("leaky", "fixed"):
                    for problem in problems_of(folder, name, modules):
                        print(f"{sample}/{name}.py {' '.join(flags)}: {problem}")
                        failed = 1
    return failed


sys.exit(main())
