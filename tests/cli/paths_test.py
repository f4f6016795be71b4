#!/usr/bin/env python3
"""`reftally paths`: what holds most, paths merged, and what to clear, on a service that keeps its sessions."""

import json

import command


class Paths(command.CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dump = command.record("lingering_service", cls.folder)[-1]

    def test_what_holds_most_comes_first(self):
        first, second, *_ = self.reftally("paths", self.dump).stdout.splitlines()
        self.assertRegex(first, r"^ *\d+\.\d kB +\d+\.\d\d % +root g_server\.sessions_\[\]$")
        self.assertRegex(second, r"\d+ Session objects$")

    def test_paths_are_merged_and_the_places_to_clear_are_named(self):
        told = self.reftally("paths", self.dump, "Session").stdout
        self.assertRegex(told, r"^300 Session objects, 12\.0 kB\nheld through\n +280 +root g_server\.sessions_\[\]\n"
                               r" +20 +root g_server\.recent_\[\]\n\n"
                               r"to free them all, clear these 2 places; that frees 600 objects, [\d.]+ kB\n"
                               r" +300 +root g_server\.sessions_\[\]\n +20 +root g_server\.recent_\[\]\n$")

    def test_of_what_is_dead_no_root_is_told_by_type_or_by_finding(self):
        [dump] = command.record("parent_and_child_leaky", self.folder)
        [finding] = json.loads(self.reftally("analyze", dump, "-f", "json", status=1).stdout)["findings"]
        for what in ("Document", finding["fingerprint"]):
            told = self.reftally("paths", dump, what).stdout
            self.assertRegex(told, r"^1 (Document|Page) object, .*\n +1 +no root owns: dead")
            self.assertNotIn("clear", told)

    def test_what_is_not_there_is_an_error(self):
        self.fails("no object is of type Sesion", "paths", self.dump, "Sesion")
        self.fails("no object is or lies at 0x10", "paths", self.dump, "0x10")


if __name__ == "__main__":
    command.main()
