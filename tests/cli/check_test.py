#!/usr/bin/env python3
"""`reftally check`: the walk-through of the README, suppressions, and files that are not what they should be."""

import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys

import command

SAMPLE = pathlib.Path(__file__).resolve().parents[2] / "samples/parent_and_child/leaky.cc"


class Check(command.CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        [cls.leaky] = command.record("parent_and_child_leaky", cls.folder)
        [cls.fixed] = command.record("parent_and_child_fixed", cls.folder)

    def fingerprint(self):
        report = json.loads(self.reftally("analyze", self.leaky, "--format", "json", status=1).stdout)
        return report["findings"][0]["fingerprint"]

    def test_a_cycle_comes_is_accepted_is_fixed_and_is_pruned(self):
        baseline = self.folder / "walk.json"
        self.write("walk.json", '{"schema": "reftally-baseline/1", "findings": []}')
        clean = self.reftally("check", self.fixed, "--baseline", "walk.json")
        self.assertEqual(clean.stdout, "0 new, 0 grown, 0 known, 0 gone, 0 suppressed\n")

        broken = self.reftally("check", self.leaky, "--baseline", "walk.json", status=1).stdout
        self.assertIn("new    error: unreachable-cycle [", broken)
        self.assertIn("Page::document_", broken)
        self.assertIn("Fix: make Page::document_ weak (leaky.cc:15): ", broken)
        self.assertIn("1 new, 0 grown, 0 known, 0 gone, 0 suppressed", broken)

        self.reftally("check", self.leaky, "--baseline", "walk.json", "--update-baseline")
        accepted = json.loads(baseline.read_text(encoding="utf-8"))
        self.assertEqual([entry["rule"] for entry in accepted["findings"]], ["unreachable-cycle"])
        self.assertIn("keep each other alive", accepted["findings"][0]["summary"])
        known = self.reftally("check", self.leaky, "--baseline", "walk.json").stdout
        self.assertEqual(known, "0 new, 0 grown, 1 known, 0 gone, 0 suppressed\n")

        gone = self.reftally("check", self.fixed, "--baseline", "walk.json").stdout
        self.assertIn("gone   unreachable-cycle [", gone)
        self.assertIn("1 gone (drop them with --prune)", gone)
        self.reftally("check", self.fixed, "--baseline", "walk.json", "--prune")
        self.assertEqual(json.loads(baseline.read_text(encoding="utf-8"))["findings"], [])

    def test_more_instances_than_the_baseline_allows_fail(self):
        self.reftally("check", self.leaky, "--baseline", "grown.json", "--update-baseline")
        grown = self.reftally("check", self.leaky, self.leaky, "--baseline", "grown.json", status=1).stdout
        self.assertIn("grown  error: unreachable-cycle [", grown)
        self.reftally("check", self.leaky, self.leaky, "--baseline", "grown.json", "--update-baseline")
        self.reftally("check", self.leaky, self.leaky, "--baseline", "grown.json")

    def test_what_is_milder_than_asked_for_is_not_gone_and_not_pruned(self):
        chain = command.record_program([command.PROGRAMS / "deep_chain", "shared"], self.folder / "chain")[0]
        self.reftally("check", chain, "--fail-on", "error")
        self.reftally("check", chain, "--baseline", "mild.json", "--update-baseline")
        accepted = (self.folder / "mild.json").read_bytes()
        for options in ([], ["--prune"], ["--update-baseline", "--prune"]):
            told = self.reftally("check", chain, "--baseline", "mild.json", "--fail-on", "error", *options).stdout
            self.assertEqual(told, "0 new, 0 grown, 1 known, 0 gone, 0 suppressed\n", options)
            self.assertEqual((self.folder / "mild.json").read_bytes(), accepted, options)
        told = self.reftally("check", chain, chain, "--baseline", "mild.json", "--fail-on", "error", "--prune").stdout
        self.assertIn("0 grown, 1 known", told)
        self.assertEqual((self.folder / "mild.json").read_bytes(), accepted)

    def test_the_advice_is_what_the_reports_say(self):
        advice = json.loads(self.reftally("analyze", self.leaky, "--format", "json", status=1).stdout)["findings"][0]["advice"]
        for form in ("text", "github"):
            told = self.reftally("check", self.leaky, "--format", form, status=1).stdout
            self.assertIn(f"{'Fix' if advice['safe'] else 'Maybe'}: {advice['action']}", told)

    def test_a_baseline_is_the_same_whatever_the_order(self):
        self.reftally("check", self.leaky, self.fixed, "--baseline", "a.json", "--update-baseline")
        self.reftally("check", self.fixed, self.leaky, "--baseline", "b.json", "--update-baseline")
        self.assertEqual((self.folder / "a.json").read_bytes(), (self.folder / "b.json").read_bytes())

    def test_without_a_baseline_everything_is_new(self):
        self.reftally("check", self.leaky, status=1)
        self.reftally("check", self.fixed)

    def test_github_shows_it_at_the_member_to_weaken(self):
        lines = self.reftally("check", self.leaky, "--format", "github", status=1).stdout.splitlines()
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r"^::error file=[^,]*leaky\.cc,line=\d+,title=unreachable-cycle::.*Page::document_ weak")

    def test_what_to_do_is_told_where_nothing_can_be_made_weak(self):
        program = ("import gc\ngc.disable()\ndef keep():\n  try:\n    raise ValueError\n  except ValueError as error:\n"
                   "    kept = error\nkeep()\n")
        dumps = command.record_program([sys.executable, "-c", program], self.folder / "python")
        if not any("python" in pathlib.Path(path).name for path in dumps):
            self.skipTest("built without the agent for Python")
        self.assertIn(": clear local kept in keep (<string>:3): a variable of a frame", self.reftally("check", *dumps, status=1).stdout)
        self.assertIn(": clear local kept in keep: a variable of a frame",
                      self.reftally("check", *dumps, "--format", "github", status=1).stdout)

    def test_suppressed_findings_are_counted(self):
        for row in ["type:Doc* # known since March", "field:Page::document_ # ticket 7", "rule:unreachable-cycle # all",
                    f"fingerprint:{self.fingerprint()} # this one", "leak:main",
                    "type:Page until 2999-12-31 # for long"]:
            self.write("suppressions.txt", f"# what we live with\n\n{row}\n")
            done = self.reftally("check", self.leaky, "--suppressions", "suppressions.txt")
            self.assertIn("1 suppressed", done.stdout, row)

    def test_valgrind_suppressions_are_read(self):
        self.write("valgrind.supp", "{\n  a name\n  Memcheck:Leak\n  match-leak-kinds: definite\n  ...\n  fun:main\n}\n")
        self.assertIn("1 suppressed",
                      self.reftally("check", self.leaky, "--suppressions", "valgrind.supp").stdout)

    def test_suppressions_that_valgrind_made_are_read_as_they_are(self):
        if not shutil.which("valgrind"):
            self.skipTest("valgrind is not installed")
        for flags in (("-O0",), ("-O2",)):
            program = self.folder / "by_valgrind"
            subprocess.run(["c++", "-std=c++20", "-g", *flags, "-o", program, SAMPLE], check=True)
            made = subprocess.run(["valgrind", "-q", "--leak-check=full", "--gen-suppressions=all", program],
                                  capture_output=True, text=True, check=True)
            rows = re.search(r"^\{\n.*^\}$", made.stderr, re.M | re.S)
            self.write("made.supp", rows.group() + "\n")
            self.reftally("run", "--no-analyze", "-o", "dumps", "--", program)
            [dump] = (self.folder / "dumps").glob("*.tally")
            self.assertIn("1 suppressed", self.reftally("check", dump, "--suppressions", "made.supp").stdout)
            shutil.rmtree(self.folder / "dumps")
        for rows, known in (("fun:malloc\n  fun:main", 0), ("fun:_Znwm\n  ...\n  fun:nobody", 0), ("fun:_Znwm", 1),
                            ("fun:_Znwm\n  ...\n  fun:make_shared<*", 1)):
            self.write("made.supp", f"{{\n  a name\n  Memcheck:Leak\n  {rows}\n}}\n")
            told = self.reftally("check", self.leaky, "--suppressions", "made.supp", status=1 - known).stdout
            self.assertIn(f"{known} suppressed", told, rows)

    def test_a_suppression_that_has_expired_fails_and_is_said(self):
        yesterday = datetime.date.today() - datetime.timedelta(days=1)
        self.write("expired.txt", f"type:Document until {yesterday} # until the rewrite\n")
        done = self.reftally("check", self.leaky, "--suppressions", "expired.txt", status=1)
        self.assertIn("expired.txt:1: expired on", done.stderr)
        self.assertIn("until the rewrite", done.stderr)

    def test_suppressed_findings_are_in_json(self):
        self.write("json.txt", "type:Document # ticket 7\n")
        report = json.loads(self.reftally("analyze", self.leaky, "--suppressions", "json.txt", "-f", "json").stdout)
        self.assertEqual(report["findings"], [])
        self.assertEqual(report["suppressed"][0]["suppressed_by"], "ticket 7")

    def test_hostile_baselines_are_refused(self):
        for text, message in [
                ("", "at byte"), ("{", "at byte"), ("[]", 'expected "schema": "reftally-baseline/1"'),
                ("[" * 100_000, "at byte"), ('{"schema": "other/9", "findings": []}', "expected \"schema\""),
                ('{"schema": "reftally-baseline/1"}', 'expected a list "findings"'),
                ('{"schema": "reftally-baseline/1", "findings": [7]}', "finding 1: expected a text \"fingerprint\""),
                ('{"schema": "reftally-baseline/1", "findings": [{"fingerprint": "a", "rule": "b", "summary": "c", '
                 '"instances": -1}]}', 'expected a number "instances"')]:
            self.write("hostile.json", text)
            self.fails(message, "check", self.leaky, "--baseline", "hostile.json")
        (self.folder / "binary.json").write_bytes(bytes(range(256)) * 50)
        self.fails("at byte", "check", self.leaky, "--baseline", "binary.json")
        self.fails("there is no such baseline", "check", self.leaky, "--baseline", "missing.json")
        self.fails("not a regular file", "check", self.leaky, "--baseline", ".")

    def test_hostile_suppressions_are_refused(self):
        for text, message in [("nonsense\n", "hostile.txt:1: expected"), ("\n\ntype:A\n", "hostile.txt:3: expected"),
                              ("type:A until never # x\n", "hostile.txt:1: expected"),
                              ("{\n  name\n", "hostile.txt:"), ("\0\0\0", "hostile.txt:1: expected")]:
            self.write("hostile.txt", text)
            self.fails(message, "check", self.leaky, "--suppressions", "hostile.txt")
        self.fails("missing.txt: No such file", "check", self.leaky, "--suppressions", "missing.txt")

    def test_a_dump_that_is_none_is_refused(self):
        self.write("no.tally", "not a dump")
        self.fails("no.tally", "check", "no.tally")


if __name__ == "__main__":
    command.main()
