#!/usr/bin/env python3
"""`reftally diff` on a service that lingers and on one that is steady: three snapshots each."""

import re

import command


class Diff(command.CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lingering = command.record("lingering_service", cls.folder)[:3]
        cls.steady = command.record("steady_service", cls.folder)[:3]

    def test_sessions_that_stay_in_their_registry_are_the_first_thing_said(self):
        told = self.reftally("diff", *self.lingering, status=1).stdout
        first = told.splitlines()[:2]
        self.assertRegex(first[0], r"^1\. warning: growing-path  \[[0-9a-f]{16}\]$")
        self.assertIn("g_server.sessions_", first[1])
        self.assertIn("Session", first[1])
        self.assertIn("80 -> 180 -> 280 objects", first[1])  # recent_ holds the last twenty too
        self.assertEqual(len(re.findall("growing-path", told)), 1)
        self.assertIn("findings: 0 new, 0 grown, 0 unchanged, 0 gone", told)
        self.assertRegex(told, r"\+200 +\+\d+  Session")

    def test_a_steady_service_is_silent(self):
        told = self.reftally("diff", *self.steady).stdout
        self.assertNotIn("growing-path", told)
        self.assertIn("findings: 0 new, 0 grown, 0 unchanged, 0 gone", told)

    def test_two_snapshots_tell_of_types_alone(self):
        told = self.reftally("diff", self.lingering[0], self.lingering[2]).stdout
        self.assertNotIn("growing-path", told)
        self.assertIn("with a third dump", told)
        self.assertRegex(told, r"\+200 +\+\d+  Session")

    def test_one_dump_is_nothing_to_compare(self):
        self.fails("diff needs two dumps or more", "diff", self.lingering[0])


if __name__ == "__main__":
    command.main()
