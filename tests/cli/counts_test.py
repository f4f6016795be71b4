#!/usr/bin/env python3
"""Counts that a file states: `--counts`."""

import json

import command


class Counts(command.CommandTest):
    def setUp(self):
        [self.dump] = command.record_program([command.PROGRAMS / "stated_counts"], self.folder / self.id())

    def stated(self, text):
        (self.folder / "counts.txt").write_text(text, encoding="utf-8")
        return ["--counts", "counts.txt"]

    def test_a_lost_count_is_known_as_one(self):
        [finding] = json.loads(self.reftally("analyze", self.dump, "-f", "json", status=1).stdout)["findings"]
        self.assertEqual(finding["rule"], "unreachable-block")
        options = self.stated("count Buffer::users\npointer Handle\nmember Reader::last\n")
        done = self.reftally("analyze", self.dump, *options, "-f", "json", status=1)
        [finding] = json.loads(done.stdout)["findings"]
        self.assertEqual(finding["rule"], "leaked-reference")
        self.assertIn("3 references that nobody has", finding["summary"])
        account = self.reftally("explain", self.dump, "Buffer", *options).stdout
        self.assertRegex(account, r"1  Reader::handle  \(strong, stated_counts.cc:16\)")
        self.assertRegex(account, r"1  Reader::last  \(strong, stated_counts.cc:17\)")
        self.assertRegex(account, r"0  unexplained\n  -+\n +2  strong count")

    def test_an_object_is_found_by_any_address_of_its_own(self):
        query = "SELECT address FROM objects WHERE type LIKE '%Reader%'"
        [address] = self.reftally("query", self.dump, query, "--format", "csv").stdout.split()[1:]
        for at in (address, hex(int(address, 16) + 8)):
            self.assertIn(f"Reader at {address}, ", self.reftally("explain", self.dump, at).stdout)
        self.fails("no object is or lies at 0x10", "explain", self.dump, "0x10")

    def test_lines_that_match_nothing_are_told(self):
        done = self.reftally("analyze", self.dump, *self.stated("count Bufer::users\n"), status=1)
        self.assertIn("counts.txt:1: nothing matches Bufer::users", done.stdout)

    def test_a_line_that_cannot_be_read(self):
        self.fails("counts.txt:2: expected `count CLASS::MEMBER`", "analyze", self.dump, *self.stated("\nusers 3\n"))
        self.fails("nowhere.txt", "analyze", self.dump, "--counts", "nowhere.txt")


if __name__ == "__main__":
    command.main()
