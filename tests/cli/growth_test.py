#!/usr/bin/env python3
"""Places that grow, as findings: a service in C++ and one in Python, each lingering in several ways, and steady."""

import json
import pathlib
import re
import sys

import command

PROGRAMS = pathlib.Path(__file__).parent / "programs"


class Growth(command.CommandTest):
    def snapshots(self, *program):
        folder = self.folder / "-".join(pathlib.Path(word).stem for word in program)
        return command.record_program(program, folder)[:3]

    def growing(self, dumps):
        """The one finding of the last dump, in the light of the first two."""
        told = self.reftally("analyze", dumps[2], "--since", dumps[0], "--since", dumps[1], "-f", "json", status=1)
        [finding] = json.loads(told.stdout)["findings"]
        self.assertEqual(finding["rule"], "growing-path")
        return finding

    def grows(self, program, place, held, kind="Session"):
        finding = self.growing(self.snapshots(*program))
        self.assertRegex(finding["growth"]["place"], place)
        self.assertEqual(finding["growth"]["unit"], "objects")
        self.assertEqual(finding["growth"]["held"], held)
        self.assertIn(f"holds more {kind} with every snapshot", finding["summary"])

    def swells(self, program, place):
        finding = self.growing(self.snapshots(*program))
        self.assertRegex(finding["growth"]["place"], place)
        self.assertEqual(finding["growth"]["unit"], "bytes")
        self.assertIn("grows with every snapshot", finding["summary"])

    def is_silent(self, program):
        dumps = self.snapshots(*program)
        told = self.reftally("analyze", dumps[2], "--since", dumps[0], "--since", dumps[1]).stdout
        self.assertIn("no findings", told)
        self.assertNotIn("growing-path", self.reftally("diff", *dumps).stdout)

    def test_sessions_in_a_registry(self):
        self.grows([command.PROGRAMS / "service", "sessions"], r"server -> Server::sessions_\[\]$", [200, 400, 600])

    def test_listeners_that_nobody_removes(self):
        self.grows([command.PROGRAMS / "service", "listeners"], r"Clock::listeners_\[\]", [200, 400, 600], "int")

    def test_a_cache_of_plain_strings(self):
        self.swells([command.PROGRAMS / "service", "pages"], r"Server::cache_\.pages_$")

    def test_a_list_that_nobody_cuts(self):
        self.swells([command.PROGRAMS / "service", "log"], r"Server::log_$")

    def test_what_a_running_call_holds_is_told_by_members_as_what_a_static_holds(self):
        for how in "value", "owned":
            dumps = self.snapshots(command.PROGRAMS / "local_service", how)
            told = self.reftally("analyze", dumps[2], "--since", dumps[0], "--since", dumps[1], "-f", "json", status=1)
            growth = [finding["growth"] for finding in json.loads(told.stdout)["findings"]]
            places = {place["place"].split(" -> ")[-1] for place in growth}
            self.assertEqual(places, {f"Server::{member}" for member in ("sessions_[]", "waiting_[]", "by_name_[]", "log_")})
            for place in growth:
                self.assertRegex(place["place"], r"^thread 1.*, stack of (main|\(anonymous namespace\)::run)\(\): server -> ")
            self.assertEqual([place["held"] for place in growth if place["unit"] == "objects"], 3 * [[200, 400, 600]])

    def test_a_local_service_that_forgets(self):
        self.is_silent([command.PROGRAMS / "local_service", "forgets"])

    def test_a_service_that_forgets(self):
        self.is_silent([command.PROGRAMS / "service", "nothing"])

    def test_python_sessions_in_a_registry(self):
        self.grows([sys.executable, PROGRAMS / "service.py", "sessions"], r"Server\.sessions", [200, 400, 600],
                   "__main__.Session")

    def test_a_variable_of_a_python_module_that_runs_is_told_by_its_name(self):
        self.grows([sys.executable, PROGRAMS / "module_registry.py"], r"^__main__\.sessions -> dict\[\]$", [200, 400, 600],
                   "__main__.Session")

    def test_python_listeners_that_nobody_removes(self):
        self.grows([sys.executable, PROGRAMS / "service.py", "listeners"], r"Clock\.listeners", [200, 400, 600], "method")

    def test_a_python_cache_without_bound(self):
        self.grows([sys.executable, PROGRAMS / "service.py", "pages"], r"Server\.pages", [200, 400, 600], "str")

    def test_a_python_service_that_forgets(self):
        self.is_silent([sys.executable, PROGRAMS / "service.py", "nothing"])

    def test_formats(self):
        dumps = self.snapshots(command.PROGRAMS / "service", "sessions")
        sarif = json.loads(self.reftally("diff", *dumps, "-f", "sarif", status=1).stdout)
        [result] = sarif["runs"][0]["results"]
        self.assertEqual(result["ruleId"], "growing-path")
        self.assertRegex(result["message"]["text"], "200 -> 400 -> 600 objects")
        self.reftally("diff", *dumps, "-f", "html", "-o", "growth.html", status=1)
        self.assertIn("growing-path", (self.folder / "growth.html").read_text(encoding="utf-8"))
        text = self.reftally("analyze", dumps[2], "--since", dumps[0], "--since", dumps[1], status=1).stdout
        self.assertRegex(text, r"1\. warning: growing-path")

    def test_snapshots_of_another_process_or_in_the_wrong_order(self):
        one = self.snapshots(command.PROGRAMS / "service", "sessions")
        other = self.snapshots(command.PROGRAMS / "service", "pages")
        self.fails("not a dump of the same process", "analyze", one[2], "--since", other[0])
        self.fails("expected an earlier dump", "analyze", one[2], "--since", one[1], "--since", one[0])


if __name__ == "__main__":
    command.main()
