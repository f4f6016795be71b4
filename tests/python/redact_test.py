"""`reftally run --redact`: keys of dictionaries, which may be data, stay out of the dump.

    redact_test.py REFTALLY
"""

import glob
import os
import subprocess
import sys
import tempfile
import unittest

reftally_command = os.path.abspath(sys.argv.pop(1))
PROGRAM = """
class Order:
    def __init__(self):
        self.total = ['Berta']

orders = {'secret customer ' + str(i): Order() for i in range(3)}
"""


def output_of(*command):
    return subprocess.run([reftally_command, *command], check=True, stdout=subprocess.PIPE, text=True).stdout


class RedactTest(unittest.TestCase):
    def drawing(self, *options):
        with tempfile.TemporaryDirectory(prefix="reftally-redact-") as folder:
            program = os.path.join(folder, "app.py")
            with open(program, "w") as file:
                file.write(PROGRAM)
            output_of("run", "--no-analyze", *options, "-o", folder, "--", sys.executable, program)
            return output_of("draw", "--most", "1000000", *glob.glob(os.path.join(folder, "*.tally")))

    def test_keys_of_data_are_left_out(self):
        self.assertIn("secret customer 1", self.drawing())
        redacted = self.drawing("--redact")
        self.assertNotIn("secret customer", redacted)
        self.assertIn("total", redacted)  # attributes are source, not data


if __name__ == "__main__":
    unittest.main()
