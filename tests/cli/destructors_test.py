#!/usr/bin/env python3
"""What is said of destructors: those that never run, and those that would recurse too deep."""

import json

import command


class Destructors(command.CommandTest):
    def findings(self, program, argument, status):
        dumps = command.record_program([command.PROGRAMS / program, argument], self.folder / f"{program}-{argument}")
        return json.loads(self.reftally("analyze", dumps[0], "-f", "json", status=status).stdout)["findings"]

    def test_what_a_cycle_keeps_from_being_released(self):
        [finding] = self.findings("lost_destructors", "leak", 1)
        self.assertEqual(finding["rule"], "unreachable-cycle")
        told = "\n".join(finding["evidence"])
        self.assertRegex(told, r"(?m)^~(Worker|Connection)\(\), ~(Worker|Connection)\(\) never run, ")
        self.assertIn("Journal::file_ (std::basic_ofstream) is never closed, and what it has buffered", told)
        self.assertIn("Worker::lock (std::unique_lock) keeps its mutex locked", told)
        self.assertIn("Connection::fd_ is never closed", told)
        self.assertEqual(self.findings("lost_destructors", "mend", 0), [])

    def test_a_destructor_that_will_throw_once_the_cycle_is_broken(self):
        findings = self.findings("shared_this_at_end", "leak", 1)
        lines = [line for finding in findings for line in finding["evidence"] if "shared_from_this" in line]
        told = {line.split("()")[0]: line for line in lines}
        self.assertEqual((len(findings), sorted(told)), (5, ["~Derived", "~Direct", "~Session"]))
        file = "shared_this_at_end.cc"
        self.assertRegex(told["~Session"], rf"comes to .*, in app::Session::close\(\) {file}:20: once it runs, nobody")
        self.assertIn(f"in app::Direct::~Direct() {file}:24", told["~Direct"])
        self.assertIn(f"in app::Derived::~Derived() {file}:34", told["~Derived"])

    def test_chains_whose_release_would_overflow_the_stack(self):
        for argument, kind in (("shared", "Shared"), ("unique", "Unique")):
            [finding] = self.findings("deep_chain", argument, 1)
            self.assertEqual((finding["rule"], finding["severity"]), ("deep-destruction", "warning"))
            self.assertEqual(finding["depth"], 29_999)
            self.assertRegex(finding["summary"], f"^29,999 links of {kind} hang on each other")
            self.assertIn("stack a link", finding["evidence"][0])

    def test_a_destructor_that_unlinks_and_a_short_chain_are_fine(self):
        self.assertEqual(self.findings("deep_chain", "loop", 0), [])
        self.assertEqual(self.findings("deep_chain", "short", 0), [])


if __name__ == "__main__":
    command.main()
