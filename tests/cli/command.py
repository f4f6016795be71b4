"""What the suites of commands share: reftally and the programs beside it, run in a folder of their own.

A suite is started with the path of reftally and the folder of the programs.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

REFTALLY = pathlib.Path(sys.argv[1]).resolve()
PROGRAMS = pathlib.Path(sys.argv[2]).resolve()


def record_program(words, folder):
    """The dumps of one run, in the order in which they were taken; `folder` has no others."""
    subprocess.run([REFTALLY, "run", "--no-analyze", "-o", folder, "--", *words], check=True, capture_output=True,
                   timeout=120)
    return sorted(str(path) for path in pathlib.Path(folder).glob("*.tally"))


def record(program, folder):
    """The same of a program beside reftally, in a folder it shares with others."""
    return [path for path in record_program([PROGRAMS / program], folder)
            if pathlib.Path(path).name.startswith(f"{program}.")]


class CommandTest(unittest.TestCase):
    """A folder for the suite; `reftally()` runs there."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="reftally-cli-")
        cls.folder = pathlib.Path(cls.scratch.name)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def reftally(self, *arguments, status=0, env=()):
        done = subprocess.run([REFTALLY, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                              timeout=240, check=False, env={**os.environ, "LC_ALL": "C.UTF-8", **dict(env)})
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def fails(self, message, *arguments):
        """Exit status 2, nothing on stdout, one line on stderr that holds `message`."""
        done = self.reftally(*arguments, status=2)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertIn(message, done.stderr)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return name


def main():
    unittest.main(argv=sys.argv[:1])
